package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

//brood:checks S038
func TestThreeChildrenInAPipeline(t *testing.T) {
	_, want := program.Recorded(t)
	require.Equal(t, program.Result{Stdout: want}, program.Run(t, program.Command(t)))
}

//brood:checks S038
func TestAMissingStageEndsTheOthers(t *testing.T) {
	// A directory with every program but head.
	path := t.TempDir()
	for _, s := range stages {
		if s.file == "head" {
			continue
		}
		file, err := exec.LookPath(s.file)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(file, filepath.Join(path, s.file)))
	}
	cmd := program.Command(t)
	cmd.Env = append(cmd.Env, "PATH="+path)
	const want = `through the loop: 0 lines
  yes: signal: SIGPIPE
  head: not started: no such file or directory
  wc: exit status 0
`
	require.Equal(t,
		program.Result{Stdout: want, Stderr: "pipeline: spawn head: ENOENT: no such file or directory\n", Code: 1},
		program.Run(t, cmd))
}
