//go:build amd64 || arm64

package process_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

func TestSearchOfAProgram(t *testing.T) {
	ownForkOnly(t)
	nothingIsLeft(t)
	s := newStarter(t)
	dir := publicDir(t)
	path := func(name string) string { return filepath.Join(dir, name) }
	first, second, denied, text := path("first"), path("second"), path("denied"), path("text")
	exitProgram(1).write(t, first)
	exitProgram(2).write(t, second)
	require.NoError(t, os.WriteFile(denied, []byte("#!/bin/sh\n"), 0o644))
	require.NoError(t, os.WriteFile(text, []byte("no program\n"), 0o755))
	require.NoError(t, os.Symlink("loop", path("loop")))
	script := path("script")
	require.NoError(t, os.WriteFile(script, []byte("#!/none/interpreter\n"), 0o755))
	badScript := path("badscript")
	require.NoError(t, os.WriteFile(badScript, []byte("#!"+denied+"\n"), 0o755))
	none, below, loop, long := path("none"), path("first/below"), path("loop"), path(strings.Repeat("n", 300))

	for _, c := range []struct {
		name  string
		files []string
		code  int             // if it is not 0
		want  process.Failure // otherwise
	}{
		{"the first", []string{first, second}, 1, process.Failure{}},
		{"absent, then found", []string{none, below, second, first}, 2, process.Failure{}},
		{"denied, then found", []string{denied, second}, 2, process.Failure{}},
		{"a directory, then found", []string{dir, second}, 2, process.Failure{}},
		{"everything, then found", []string{denied, none, dir, loop, long, below, denied, second, none}, 2, process.Failure{}},
		{"a missing interpreter, then found", []string{script, second}, 2, process.Failure{}},
		{"denied, then absent", []string{none, denied, below, none}, 0, process.Failure{Step: process.StepExec, Path: denied, Err: unix.EACCES}},
		{"denied twice", []string{dir, denied}, 0, process.Failure{Step: process.StepExec, Path: dir, Err: unix.EACCES}},
		{"a loop, then denied", []string{loop, denied}, 0, process.Failure{Step: process.StepExec, Path: loop, Err: unix.ELOOP}},
		{"a long name, then absent", []string{long, none}, 0, process.Failure{Step: process.StepExec, Path: long, Err: unix.ENAMETOOLONG}},
		{"all absent", []string{below, none}, 0, process.Failure{Step: process.StepExec, Path: none, Err: unix.ENOENT}},
		{"no program ends the search", []string{denied, text, second}, 0, process.Failure{Step: process.StepExec, Path: text, Err: unix.ENOEXEC}},
		{"a missing interpreter", []string{none, script, none}, 0, process.Failure{Step: process.StepInterpreter, Path: "/none/interpreter", Err: unix.ENOENT}},
		{"a denied interpreter", []string{none, badScript, none}, 0, process.Failure{Step: process.StepInterpreter, Path: denied, Err: unix.EACCES}},
		{"denied, and a denied interpreter", []string{denied, badScript}, 0, process.Failure{Step: process.StepExec, Path: denied, Err: unix.EACCES}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := command(c.files[0])
			spec.Files = c.files
			if c.code == 0 {
				fails(t, s, spec, c.want)
				return
			}
			require.Equal(t, process.Change{Kind: process.Exited, Code: c.code}, finish(t, start(t, s, spec)))
		})
	}

	t.Run("relative to the directory of the child", func(t *testing.T) {
		spec := command("first")
		spec.Files, spec.Dir = []string{"none", "second"}, dir
		require.Equal(t, process.Change{Kind: process.Exited, Code: 2}, finish(t, start(t, s, spec)))
	})

	t.Run("as another user", func(t *testing.T) {
		privileged(t)
		require.NoError(t, os.Chmod(first, 0o700))
		spec := command(first)
		spec.Files = []string{first, second}
		require.Equal(t, process.Change{Kind: process.Exited, Code: 1}, finish(t, start(t, s, spec)))
		spec.UID = new(uint32(nobody))
		require.Equal(t, process.Change{Kind: process.Exited, Code: 2}, finish(t, start(t, s, spec)))
		spec.Files = []string{none, first, none}
		fails(t, s, spec, process.Failure{Step: process.StepExec, Path: first, Err: unix.EACCES})
	})
}

func TestAFileThatIsBeingWrittenEndsTheSearch(t *testing.T) {
	ownForkOnly(t)
	nothingIsLeft(t)
	s := newStarter(t)
	busy, other := exitProgram(1).newProgram(t), exitProgram(2).newProgram(t)
	f, err := os.OpenFile(busy, os.O_WRONLY, 0)
	require.NoError(t, err)
	spec := command(busy)
	spec.Files = []string{busy, other}
	fails(t, s, spec, process.Failure{Step: process.StepExec, Path: busy, Err: unix.ETXTBSY})
	require.NoError(t, f.Close())
	require.Equal(t, process.Change{Kind: process.Exited, Code: 1}, finish(t, start(t, s, spec)))
}
