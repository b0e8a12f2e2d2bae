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

func TestIDsAreFoundAboveTests(t *testing.T) {
	one := func(name string, ids ...string) []conformance.Test {
		return []conformance.Test{{IDs: ids, Name: name, File: "p/a_test.go"}}
	}
	for _, c := range []struct {
		name, text string
		want       []conformance.Test
	}{
		{"one", "//brood:checks N086\nfunc TestLimits() {}", one("TestLimits", "N086")},
		{"several", "//brood:checks S045 N040\nfunc TestClose() {}", one("TestClose", "S045", "N040")},
		{"two lines", "//brood:checks S045\n//brood:checks N040\nfunc TestClose() {}", one("TestClose", "S045", "N040")},
		{"below a comment", "// TestClose closes.\n//\n//brood:checks N040\nfunc TestClose() {}", one("TestClose", "N040")},
		{"a mistake", "//brood:checks N86\nfunc TestLimits() {}", one("TestLimits", "N86")},
		{"fuzz", "//brood:checks S037\nfunc FuzzLines() {}", one("FuzzLines", "S037")},
		{"none", "// TestClose checks N040.\nfunc TestClose() {}\nfunc TestN041() {}", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := conformance.Tests(fstest.MapFS{"p/a_test.go": file("package p\n" + c.text)})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestALineThatStandsAboveNoTestIsAnError(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"apart":            {"p/a_test.go": file("package p\n//brood:checks N086\n\nfunc TestLimits() {}")},
		"inside":           {"p/a_test.go": file("package p\nfunc TestLimits() {\n//brood:checks N086\n}")},
		"no test":          {"p/a_test.go": file("package p\n//brood:checks N086\nfunc limits() {}")},
		"a method":         {"p/a_test.go": file("package p\n//brood:checks N086\nfunc (s) TestLimits() {}")},
		"no file of tests": {"p/a.go": file("package p\n//brood:checks N086\nfunc TestLimits() {}")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := conformance.Tests(files)
			require.ErrorContains(t, err, "stands above no test")
		})
	}
}

func TestOnlyTestFilesOfThisModuleCount(t *testing.T) {
	text := file("package p\n//brood:checks N086\nfunc TestLimits() {}")
	got, err := conformance.Tests(fstest.MapFS{
		"a_test.go": text, "p/testdata/c_test.go": text, ".cache/d_test.go": text,
		"nested/go.mod": file("module nested"), "nested/p/e_test.go": text,
	})
	require.NoError(t, err)
	require.Equal(t, []conformance.Test{{IDs: []string{"N086"}, Name: "TestLimits", File: "a_test.go"}}, got)
}

func TestAFileThatDoesNotParseIsAnError(t *testing.T) {
	_, err := conformance.Tests(fstest.MapFS{"p/a_test.go": file("package p\nfunc {")})
	require.ErrorContains(t, err, "p/a_test.go")
}

func TestWhatDoesNotFitTogetherIsTold(t *testing.T) {
	behaviours := []conformance.Behaviour{{ID: "N001"}, {ID: "N002"}, {ID: "S003"}, {ID: "S003"}}
	tests := []conformance.Test{{IDs: []string{"N001", "N009"}, Name: "TestX", File: "p/a_test.go"}}
	require.Equal(t, []string{
		"N001 is checked by TestX in p/a_test.go and still has a reason in left.go: delete that",
		"N002 has neither a test that names it nor a reason in left.go",
		"S003 is there twice",
		"TestX in p/a_test.go names N009, which is no behaviour",
		"left.go has a reason for S099, which is no behaviour",
	}, conformance.Mistakes(behaviours, tests, map[string]string{"N001": "why", "S003": "why", "S099": "why"}))
}

func file(text string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(text), Mode: fs.FileMode(0o644)}
}
