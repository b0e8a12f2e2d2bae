package childprocess_test

import (
	"cmp"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// place is a directory with a program called tool, which writes the text that it was made with.
func place(t testing.TB, dir, text string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	return writeFile(t, filepath.Join(dir, "tool"), "#!/bin/echo "+text+"\n", mode)
}

// said returns the text of the tool that was started, without the path that the kernel adds.
func said(t testing.TB, file string, o *childprocess.Options) string {
	t.Helper()
	l := newLoop(t)
	text, _, _ := strings.Cut(output(t, l, spawn(t, l, file, nil, o)), " ")
	return text
}

//brood:checks S012
func TestPathOfTheChildDecides(t *testing.T) {
	dir := t.TempDir()
	parents, childs := filepath.Join(dir, "parent"), filepath.Join(dir, "child")
	place(t, parents, "parent", 0o755)
	place(t, childs, "child", 0o755)
	writeFile(t, filepath.Join(parents, "only-parent"), "#!/bin/echo parent\n", 0o755)
	writeFile(t, filepath.Join(childs, "only-child"), "#!/bin/echo child\n", 0o755)
	t.Setenv("PATH", parents)
	env := []string{"PATH=/nowhere", "A=b", "PATH=" + childs}

	for name, row := range map[string]struct {
		file string
		o    childprocess.Options
		want string // "": ENOENT
	}{
		"in both, no Env":              {"tool", childprocess.Options{}, "parent"},
		"in both, Env":                 {"tool", childprocess.Options{Env: env}, "child"},
		"in both, Env, ParentPath":     {"tool", childprocess.Options{Env: env, ParentPath: true}, "parent"},
		"in the child's":               {"only-child", childprocess.Options{Env: env}, "child"},
		"in the child's, no Env":       {"only-child", childprocess.Options{}, ""},
		"in the child's, ParentPath":   {"only-child", childprocess.Options{Env: env, ParentPath: true}, ""},
		"in the parent's":              {"only-parent", childprocess.Options{Env: env}, ""},
		"in the parent's, ParentPath":  {"only-parent", childprocess.Options{Env: env, ParentPath: true}, "parent"},
		"Env without PATH":             {"only-parent", childprocess.Options{Env: []string{"A=b"}}, ""},
		"empty Env":                    {"only-parent", childprocess.Options{Env: []string{}}, ""},
		"Env without PATH, ParentPath": {"tool", childprocess.Options{Env: []string{}, ParentPath: true}, "parent"},
	} {
		t.Run(name, func(t *testing.T) {
			if row.want != "" {
				require.Equal(t, row.want, said(t, row.file, &row.o))
				return
			}
			failed, emitted := refused(t, row.file, nil, &row.o)
			require.True(t, emitted)
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepProgram, File: row.file, Path: row.file, Args: []string{}, Err: syscall.ENOENT,
			}, failed)
		})
	}
}

//brood:checks S012
func TestWithoutPathTheSystemsDirectoriesAreSearched(t *testing.T) {
	t.Setenv("PATH", "/nowhere")
	for name, o := range map[string]*childprocess.Options{
		"child without PATH": {Env: []string{"A=b"}},
		"empty Env":          {Env: []string{}},
	} {
		l := newLoop(t)
		c := spawn(t, l, "echo", []string{"found"}, o)
		require.Equal(t, "found\n", output(t, l, c), name)
	}
	require.NoError(t, os.Unsetenv("PATH")) // t.Setenv puts it back.
	l := newLoop(t)
	require.Equal(t, "found\n", output(t, l, spawn(t, l, "echo", []string{"found"}, nil)), "parent without PATH")
}

//brood:checks S013
func TestSearchOfPath(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	at := func(elem string) string { return filepath.Join(dir, elem) }
	place(t, dir, "cwd", 0o755)
	place(t, at("good"), "good", 0o755)
	place(t, at("other"), "other", 0o755)
	place(t, at("noxbit"), "noxbit", 0o644)
	place(t, at("noxbit2"), "noxbit2", 0o644)
	require.NoError(t, os.MkdirAll(at("dir/tool"), 0o755))
	place(t, at("far/away"), "away", 0o755)
	require.NoError(t, os.Symlink(at("far/away"), at("link")))
	place(t, at("far"), "far", 0o755)

	for name, row := range map[string]struct {
		path  string // elements below dir, unless they begin with / or .
		want  string // the program that is started
		blame string
		err   error
	}{
		"the first one":                        {path: "good:other", want: "good"},
		"after one that is missing":            {path: "nodir:other:good", want: "other"},
		"after a file in place of a directory": {path: "good/tool:good", want: "good"},
		"after an unexecutable match":          {path: "noxbit:good", want: "good"},
		"after a directory of the name":        {path: "dir:good", want: "good"},
		"only unexecutable matches":            {path: "noxbit:noxbit2:nodir", blame: at("noxbit/tool"), err: syscall.EACCES},
		"only a directory":                     {path: "dir", blame: at("dir/tool"), err: syscall.EACCES},
		"dot":                                  {path: ".", blame: "./tool", err: childprocess.ErrDot},
		"the root's dot":                       {path: "/.:good", want: "good"},
		"dot first":                            {path: ".:good", blame: "./tool", err: childprocess.ErrDot},
		"dot after a good one":                 {path: "good:.", want: "good"},
		"the root":                             {path: "/:good", want: "good"},
		"a relative element":                   {path: "./good", blame: "./good/tool", err: childprocess.ErrDot},
		"a relative element without it":        {path: "./nodir:good", want: "good"},
		"the parent of a link's target":        {path: "link/..", want: "far"},
		"nowhere":                              {path: "nodir:nodir2", blame: "tool", err: syscall.ENOENT},
	} {
		t.Run(name, func(t *testing.T) {
			var elems []string
			for elem := range strings.SplitSeq(row.path, ":") {
				if elem != "" && elem[0] != '/' && elem[0] != '.' {
					elem = dir + "/" + elem
				}
				elems = append(elems, elem)
			}
			requireSearch(t, strings.Join(elems, ":"), row.want, row.blame, row.err)
		})
	}
	for name, path := range map[string]string{
		"empty PATH":               "",
		"empty element at first":   ":" + at("good"),
		"empty element inside":     at("nodir") + "::" + at("good"),
		"empty element at the end": at("nodir") + ":",
	} {
		t.Run(name, func(t *testing.T) { requireSearch(t, path, "", "./tool", childprocess.ErrDot) })
	}
}

// requireSearch checks the result of a search for tool: its text, or the blamed path and its error.
func requireSearch(t *testing.T, path, want, blame string, err error) {
	t.Helper()
	o := &childprocess.Options{Env: []string{"PATH=" + path}}
	if want != "" {
		require.Equal(t, want, said(t, "tool", o), path)
		return
	}
	failed, emitted := refused(t, "tool", nil, o)
	require.Equal(t, err != childprocess.ErrDot, emitted)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepProgram, File: "tool", Path: blame, Args: []string{}, Err: err,
	}, failed, path)
	require.ErrorIs(t, failed, err)
}

//brood:checks S013
func TestOtherObstaclesAreReported(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	long := strings.Repeat("x", 300)
	for name, row := range map[string]struct {
		file, blame string
		err         syscall.Errno
	}{
		"a loop of links": {"loop", filepath.Join(dir, "loop"), syscall.ELOOP},
		"name too long":   {long, filepath.Join(dir, long), syscall.ENAMETOOLONG},
	} {
		t.Run(name, func(t *testing.T) {
			failed, emitted := refused(t, row.file, nil, &childprocess.Options{Env: []string{"PATH=/nowhere:" + dir}})
			require.False(t, emitted, "as in Node")
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepProgram, File: row.file, Path: row.blame, Args: []string{}, Err: row.err,
			}, failed)
		})
	}
}

//brood:checks S014
func TestRelativeNamesAreResolvedFromTheChildsDirectory(t *testing.T) {
	here, there := t.TempDir(), t.TempDir()
	t.Chdir(here)
	place(t, here, "here", 0o755)
	place(t, there, "there", 0o755)
	place(t, filepath.Join(here, "bin"), "here/bin", 0o755)
	place(t, filepath.Join(there, "bin"), "there/bin", 0o755)
	writeFile(t, filepath.Join(here, "only-here"), "#!/bin/echo here\n", 0o755)
	writeFile(t, filepath.Join(there, "only-there"), "#!/bin/echo there\n", 0o755)
	place(t, filepath.Join(there, "elem"), "elem", 0o755)

	for name, row := range map[string]struct{ file, dir, want string }{
		"no Dir":                   {"./tool", "", "here"},
		"Dir":                      {"./tool", there, "there"},
		"Dir, below":               {"bin/tool", there, "there/bin"},
		"only there":               {"./only-there", there, "there"},
		"a relative Dir":           {"./tool", "bin", "here/bin"},
		"an absolute one with Dir": {filepath.Join(here, "tool"), there, "here"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, row.want, said(t, row.file, &childprocess.Options{Dir: row.dir}))
		})
	}
	t.Run("only here", func(t *testing.T) {
		failed, _ := refused(t, "./only-here", nil, &childprocess.Options{Dir: there})
		require.Equal(t, childprocess.StepProgram, failed.Step)
		require.Equal(t, "./only-here", failed.Path)
		require.ErrorIs(t, failed, syscall.ENOENT)
	})
	// A relative element of PATH means the child's directory, too; a match there is refused
	// nevertheless.
	for dir, want := range map[string]error{there: childprocess.ErrDot, "": syscall.ENOENT} {
		t.Run("relative PATH, Dir "+cmp.Or(dir, "none"), func(t *testing.T) {
			failed, _ := refused(t, "tool", nil, &childprocess.Options{Dir: dir, Env: []string{"PATH=elem"}})
			require.ErrorIs(t, failed, want)
		})
	}
}

//brood:checks S013
func TestDirectoryOfPathThatMayNotBeSearched(t *testing.T) {
	needRoot(t)
	private, public := filepath.Join(publicDir(t), "private"), filepath.Join(publicDir(t), "public")
	place(t, private, "private", 0o755)
	place(t, public, "public", 0o755)
	require.NoError(t, os.Chmod(private, 0o700))
	t.Setenv("PATH", private+":"+public)
	require.Equal(t, "public "+public+"/tool\n", asNobody(t, request{File: "tool"}).Stdout)
	// Its contents cannot be known, so the error is EACCES, as for execvp(3).
	require.Equal(t, answer{
		Step: childprocess.StepProgram, Path: private + "/nosuch", Errno: syscall.EACCES,
		Events: []string{"error EACCES", "close -13"}, NoChildren: true,
	}, asNobody(t, request{File: "nosuch"}))
}
