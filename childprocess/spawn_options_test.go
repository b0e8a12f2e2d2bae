package childprocess_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

//brood:checks N001 N006
func TestArgumentsAndOptionsMayBeMissing(t *testing.T) {
	file, argv := helperproc.Command("birth")
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, args := range map[string][]string{"nil": nil, "empty": {}} {
		l := newLoop(t)
		require.Equal(t, "\n", output(t, l, spawn(t, l, "echo", args, nil)), name)
		require.Equal(t, dir+"\n", output(t, l, spawn(t, l, "pwd", args, &childprocess.Options{Dir: dir})), name)
	}
	args, _, _ := born(t, nil, file, argv)
	require.Equal(t, append([]string{file}, argv...), args)
}

//brood:checks S015 N007
func TestArgv0(t *testing.T) {
	file, argv := helperproc.Command("birth")
	argv = append(argv, "", "-x", "two words")
	for argv0, want := range map[string]string{"": file, "another name": "another name", "-login": "-login"} {
		args, _, _ := born(t, &childprocess.Options{Argv0: argv0}, file, argv)
		require.Equal(t, append([]string{want}, argv...), args)
	}
}

//brood:checks S015
func TestSpawnFileAndSpawnArgs(t *testing.T) {
	l := newLoop(t)
	for _, row := range []struct {
		argv0 string
		want  []string
	}{{"", []string{"echo", "a", "b"}}, {"ohce", []string{"ohce", "a", "b"}}} {
		given := []string{"a", "b"}
		c := spawn(t, l, "echo", given, &childprocess.Options{Argv0: row.argv0})
		given[0] = "changed afterwards"
		require.Equal(t, "echo", c.SpawnFile())
		require.Equal(t, row.want, c.SpawnArgs())
		require.Equal(t, "a b\n", output(t, l, c))
	}
}

//brood:checks S011
func TestAnyBytesArriveUnchanged(t *testing.T) {
	var all strings.Builder
	for b := 1; b < 256; b++ {
		all.WriteByte(byte(b))
	}
	var name strings.Builder // A name may contain all of them but the slash.
	for b := 0x80; b < 256; b++ {
		name.WriteByte(byte(b))
	}
	for what, text := range map[string]string{
		"bytes 0x80 to 0xff":   name.String(),
		"a newline":            "a\nb",
		"combining characters": "e\u0301 \u00e9 \U0001f469\u200d\U0001f4bb",
		"blanks and quotes":    ` '"\$*`,
	} {
		t.Run(what, func(t *testing.T) {
			file, argv := helperproc.Command("birth", text, all.String())
			dir := filepath.Join(publicDir(t), text)
			require.NoError(t, os.Mkdir(dir, 0o755))
			program := filepath.Join(dir, "p"+text)
			link(t, file, program)

			args, env, wd := born(t, &childprocess.Options{Dir: dir, Env: []string{"PWD=" + dir, text + "=" + text}}, program, argv)
			require.Equal(t, append([]string{program}, argv...), args)
			require.Equal(t, []string{"PWD=" + dir, text + "=" + text}, env)
			require.Equal(t, dir, wd)

			args, _, _ = born(t, &childprocess.Options{Dir: dir, Argv0: all.String()}, "./p"+text, argv)
			require.Equal(t, all.String(), args[0])
		})
	}
}

// publicDir returns a directory that every user can enter. Usual test directories are only for the
// user who runs the test.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "brood")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	return dir
}

// link makes the program file known as path, too.
func link(t testing.TB, file, path string) {
	t.Helper()
	if os.Link(file, path) == nil {
		return
	}
	// On another file system: a copy.
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	require.NoError(t, err)
	_, err = io.Copy(out, in)
	require.NoError(t, err)
	require.NoError(t, out.Close())
}

//brood:checks N014
func TestDirIsHonoured(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	file, argv := helperproc.Command("birth")
	for given, want := range map[string]string{dir: dir, "": here, "/": "/", "..": filepath.Dir(here)} {
		_, _, got := born(t, &childprocess.Options{Dir: given}, file, argv)
		require.Equal(t, want, got, given)
	}
	after, err := os.Getwd()
	require.NoError(t, err)
	require.Equal(t, here, after)
}

//brood:checks N030
func TestOptionsAreNotChanged(t *testing.T) {
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	env := []string{"A=1", "A=2"}
	stdio := []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.File(w)}
	o := childprocess.Options{Dir: t.TempDir(), Env: slices.Clone(env), Argv0: "x", Stdio: slices.Clone(stdio), Detached: true}
	before := o
	l := newLoop(t)
	output(t, l, spawn(t, l, "/bin/echo", nil, &o))
	require.Equal(t, before, o)
	require.Equal(t, env, o.Env)
	require.Equal(t, stdio, o.Stdio)
}
