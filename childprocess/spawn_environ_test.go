package childprocess_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// birth writes the state that the program was started with, as JSON.
	helperproc.Register("birth", func([]string) {
		text := func(list []string) (bytes [][]byte) {
			for _, s := range list {
				bytes = append(bytes, []byte(s))
			}
			return bytes
		}
		wd := check(os.Getwd())
		writeAll(1, check(json.Marshal(birth{Args: text(os.Args), Env: text(os.Environ()), Dir: []byte(wd)})))
	})
}

// birth is the state that a program was started with. It has bytes, because JSON strings are UTF-8.
type birth struct {
	Args, Env [][]byte
	Dir       []byte // PWD, if it is true
}

// born starts a program and returns the state that it was started with. file and argv are the
// helper "birth", or a copy of it.
func born(t testing.TB, o *childprocess.Options, file string, argv []string) (args, env []string, dir string) {
	t.Helper()
	l := newLoop(t)
	var b birth
	require.NoError(t, json.Unmarshal([]byte(output(t, l, spawn(t, l, file, argv, o))), &b))
	for _, a := range b.Args {
		args = append(args, string(a))
	}
	env = []string{}
	for _, e := range b.Env {
		env = append(env, string(e))
	}
	return args, env, string(b.Dir)
}

// environment returns the environment of a child started with o.
func environment(t testing.TB, o *childprocess.Options) []string {
	t.Helper()
	file, argv := helperproc.Command("birth")
	_, env, _ := born(t, o, file, argv)
	return env
}

//brood:checks S008
func TestEmptyEnvironmentIsEmpty(t *testing.T) {
	t.Setenv("BROOD_TEST_VARIABLE", "of the parent")
	require.Equal(t, []string{}, environment(t, &childprocess.Options{Env: []string{}}))
	require.Equal(t, []string{}, environment(t, &childprocess.Options{Env: []string{}, Dir: t.TempDir()}))
}

//brood:checks S009 N015
func TestNoEnvironmentIsTheParentsAtTheTimeOfTheCall(t *testing.T) {
	o := &childprocess.Options{}
	t.Setenv("BROOD_TEST_VARIABLE", "set after the options were made")
	parents := os.Environ()
	require.Equal(t, parents, environment(t, o))
	require.Equal(t, parents, environment(t, nil))
	require.NoError(t, os.Unsetenv("BROOD_TEST_VARIABLE")) // t.Setenv restores the old value.
	require.NotContains(t, environment(t, o), "BROOD_TEST_VARIABLE=set after the options were made")
}

//brood:checks S009
func TestParentsEnvironmentIsNotWritten(t *testing.T) {
	before := os.Environ()
	environment(t, &childprocess.Options{Env: []string{"BROOD_TEST_VARIABLE=child", "PATH=/nowhere"}, Dir: t.TempDir()})
	environment(t, &childprocess.Options{Dir: t.TempDir()})
	require.Equal(t, before, os.Environ())
}

//brood:checks S010 N016
func TestEnvironmentIsPassedOnAsGiven(t *testing.T) {
	for name, row := range map[string]struct{ given, want []string }{
		"the order":                   {[]string{"B=1", "A=2", "C=3"}, []string{"B=1", "A=2", "C=3"}},
		"the last one counts":         {[]string{"A=1", "B=2", "A=3"}, []string{"B=2", "A=3"}},
		"three times":                 {[]string{"A=1", "A=2", "A=3"}, []string{"A=3"}},
		"case matters":                {[]string{"a=1", "A=2"}, []string{"a=1", "A=2"}},
		"a key that another begins":   {[]string{"AB=1", "A=2", "AB=3"}, []string{"A=2", "AB=3"}},
		"empty value":                 {[]string{"A="}, []string{"A="}},
		"empty value after another":   {[]string{"A=1", "A="}, []string{"A="}},
		"value with equals signs":     {[]string{"A=b=c=", "D=e"}, []string{"A=b=c=", "D=e"}},
		"key beginning with =":        {[]string{"=C:=/", "A=1"}, []string{"=C:=/", "A=1"}},
		"key beginning with =, twice": {[]string{"=C:=/", "A=1", "=C:=/x"}, []string{"A=1", "=C:=/x"}},
		"newlines and blanks":         {[]string{"A= b\nc\t=", "B C=d"}, []string{"A= b\nc\t=", "B C=d"}},
		"not UTF-8":                   {[]string{"\xff\x80=\xfe\x81"}, []string{"\xff\x80=\xfe\x81"}},
	} {
		t.Run(name, func(t *testing.T) {
			given := slices.Clone(row.given)
			require.Equal(t, row.want, environment(t, &childprocess.Options{Env: given}))
			require.Equal(t, row.given, given, "the caller's slice")
		})
	}
}

//brood:checks S010
func TestOfMoreVariablesThanUsualTheLastOfEachCounts(t *testing.T) {
	for _, n := range []int{64, 100, 300} {
		var given, want []string
		for i := range n {
			given = append(given, fmt.Sprintf("V%d=first", i))
		}
		for i := range n {
			if i%3 > 0 {
				given = append(given, fmt.Sprintf("V%d=last", i))
				continue
			}
			want = append(want, fmt.Sprintf("V%d=first", i))
		}
		for i := range n {
			if i%3 > 0 {
				want = append(want, fmt.Sprintf("V%d=last", i))
			}
		}
		require.Equal(t, want, environment(t, &childprocess.Options{Env: given}), "%d variables", n)
	}
}

//brood:checks S014
func TestPWDFollowsDirOnlyWhenTheEnvironmentIsInherited(t *testing.T) {
	t.Setenv("PWD", "/stale")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.Symlink("sub", filepath.Join(dir, "link")))
	t.Chdir(dir) // This sets PWD.
	pwd := func(o *childprocess.Options) (list []string) {
		for _, e := range environment(t, o) {
			if strings.HasPrefix(e, "PWD=") {
				list = append(list, e)
			}
		}
		return list
	}
	require.Equal(t, []string{"PWD=" + dir}, pwd(nil), "inherited")
	require.Equal(t, []string{"PWD=" + dir + "/sub"}, pwd(&childprocess.Options{Dir: dir + "/sub"}), "Dir")
	require.Equal(t, []string{"PWD=" + dir + "/sub"}, pwd(&childprocess.Options{Dir: "sub"}), "relative Dir")
	require.Equal(t, []string{"PWD=" + dir + "/link"}, pwd(&childprocess.Options{Dir: "link"}), "Dir through a link")
	require.Empty(t, pwd(&childprocess.Options{Dir: "sub", Env: []string{"A=b"}}), "explicit environment without PWD")
	require.Equal(t, []string{"PWD=/kept"}, pwd(&childprocess.Options{Dir: "sub", Env: []string{"PWD=/kept"}}), "explicit PWD")
	t.Setenv("PWD", "/stale")
	require.Equal(t, []string{"PWD=/stale"}, pwd(nil), "no Dir: nothing is changed")
}
