package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestEachLineThenTheEnd(t *testing.T) {
	_, want := program.Recorded(t)
	require.Equal(t, program.Result{Stdout: want}, program.Run(t, program.Command(t)))
}

func TestMissingProgramIsAnErrorThenTheEnd(t *testing.T) {
	cmd := program.Command(t)
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	require.Equal(t,
		program.Result{Stdout: "error: spawn sh: ENOENT: no such file or directory\n" +
			"close: not started: no such file or directory\n"},
		program.Run(t, cmd))
}
