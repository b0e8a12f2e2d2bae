package conformance_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/conformance"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

var update = flag.Bool("update", false, "rewrite "+conformance.Page)

// root is where the module begins, seen from this package.
const root = "../../.."

func TestEveryBehaviourHasATestOrAReason(t *testing.T) {
	tests, err := conformance.Tests(os.DirFS(root))
	require.NoError(t, err)
	require.Empty(t, strings.Join(conformance.Check(tests), "\n"))
}

func TestThePageIsWhatTheTestsSay(t *testing.T) {
	tests, err := conformance.Tests(os.DirFS(root))
	require.NoError(t, err)
	want := conformance.Markdown(tests)
	page := filepath.Join(root, filepath.FromSlash(conformance.Page))
	if *update {
		require.NoError(t, os.WriteFile(page, want, 0o644))
	}
	got, err := os.ReadFile(page)
	require.NoError(t, err)
	if string(got) == string(want) {
		return
	}
	// The first line that differs says more than all of them.
	before, after := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	at := 0
	for at < min(len(before), len(after))-1 && before[at] == after[at] {
		at++
	}
	require.Failf(t, "the page is out of date", "line %d of %s is\n%s\nand ought to be\n%s\n"+
		"run go test ./internal/test/conformance -update", at+1, conformance.Page, before[at], after[at])
}

func TestLinksOfThePageLeadToFiles(t *testing.T) {
	tests, err := conformance.Tests(os.DirFS(root))
	require.NoError(t, err)
	page := string(conformance.Markdown(tests))
	links := 0
	for rest, more := page, true; more; {
		if _, rest, more = strings.Cut(rest, "]("); more {
			target, _, _ := strings.Cut(rest, ")")
			_, err := os.Stat(filepath.Join(root, filepath.Dir(conformance.Page), filepath.FromSlash(target)))
			require.NoError(t, err)
			links++
		}
	}
	require.NotZero(t, links)
}

func TestIDsAreFoundInNames(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []conformance.Test
	}{
		{"one", "func TestN086_Limits() {}", []conformance.Test{{[]string{"N086"}, "TestN086_Limits", "p/a_test.go"}}},
		{"words", "func TestS045_N040_Close() {}",
			[]conformance.Test{{[]string{"S045", "N040"}, "TestS045_N040_Close", "p/a_test.go"}}},
		{"run together", "func TestN062N063_Kill() {}",
			[]conformance.Test{{[]string{"N062", "N063"}, "TestN062N063_Kill", "p/a_test.go"}}},
		{"behind", "func TestClose_N040() {}", []conformance.Test{{[]string{"N040"}, "TestClose_N040", "p/a_test.go"}}},
		{"too long", "func TestN0866_Limits() {}", []conformance.Test{{[]string{"N0866"}, "TestN0866_Limits", "p/a_test.go"}}},
		{"fuzz", "func FuzzS037_Lines() {}", []conformance.Test{{[]string{"S037"}, "FuzzS037_Lines", "p/a_test.go"}}},
		{"none", "func TestTheSIGCHLDOf3000Children() {}\nfunc helperN086() {}\nfunc (s) TestN086() {}", nil},
		{"subtest", "func TestX() { t.Run(\"N086 one more\", f) }",
			[]conformance.Test{{[]string{"N086"}, "TestX/N086 one more", "p/a_test.go"}}},
		{"subtest of several", "func TestX() { t.Run(`N086, S053 one more`, f) }",
			[]conformance.Test{{[]string{"N086", "S053"}, "TestX/N086, S053 one more", "p/a_test.go"}}},
		{"fields and keys", "func TestX() { _ = []r{{name: \"N001 a\"}, {\"N002 b\"}}; _ = m{\"N003 c\": 1} }", []conformance.Test{
			{[]string{"N001"}, "TestX/N001 a", "p/a_test.go"},
			{[]string{"N002"}, "TestX/N002 b", "p/a_test.go"},
			{[]string{"N003"}, "TestX/N003 c", "p/a_test.go"},
		}},
		{"a table of its own", "var rows = m{\"N003 c\": 1}", []conformance.Test{{[]string{"N003"}, "N003 c", "p/a_test.go"}}},
		{"no name", "func TestX() { print(\"N086 is\"); t.Run(\"N086\", f); _ = []string{\"N086\", \"see N086 there\"} }", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := conformance.Tests(fstest.MapFS{"p/a_test.go": file("package p\n" + c.text)})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestOnlyTestFilesOfThisModuleCount(t *testing.T) {
	text := file("package p\nfunc TestN086() {}")
	got, err := conformance.Tests(fstest.MapFS{
		"a_test.go": text, "p/b.go": text, "p/testdata/c_test.go": text, ".cache/d_test.go": text,
		"nested/go.mod": file("module nested"), "nested/p/e_test.go": text, "internal/test/conformance/f_test.go": text,
	})
	require.NoError(t, err)
	require.Equal(t, []conformance.Test{{IDs: []string{"N086"}, Name: "TestN086", File: "a_test.go"}}, got)
}

func TestAFileThatDoesNotParseIsAnError(t *testing.T) {
	_, err := conformance.Tests(fstest.MapFS{"p/a_test.go": file("package p\nfunc {")})
	require.ErrorContains(t, err, "p/a_test.go")
}

func TestWhatDoesNotFitTogetherIsTold(t *testing.T) {
	behaviours := []conformance.Behaviour{{ID: "N001"}, {ID: "N002"}, {ID: "S003"}, {ID: "S003"}}
	tests := []conformance.Test{{IDs: []string{"N001", "N009"}, Name: "TestN001_N009_X", File: "p/a_test.go"}}
	require.Equal(t, []string{
		"N001 is checked by TestN001_N009_X in p/a_test.go and still has a reason in left.go: delete that",
		"N002 has neither a test that names it nor a reason in left.go",
		"S003 is there twice",
		"TestN001_N009_X in p/a_test.go names N009, which is no behaviour",
		"left.go has a reason for S099, which is no behaviour",
	}, conformance.Mistakes(behaviours, tests, map[string]string{"N001": "why", "S003": "why", "S099": "why"}))
}

func file(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(text), Mode: fs.FileMode(0o644)}
}
