package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func TestAnswersInBothSerializations(t *testing.T) {
	looptest.NodePath(t)
	cmd := program.Command(t)
	cmd.Dir = t.TempDir() // It needs no file of its source.
	_, want := program.Recorded(t)
	require.Equal(t, program.Result{Stdout: want}, program.Run(t, cmd))
}

func TestNoNode(t *testing.T) {
	cmd := program.Command(t)
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	require.Equal(t,
		program.Result{Stderr: "nodeworker: fork node: ENOENT: no such file or directory\n", Code: 1},
		program.Run(t, cmd))
}

func TestAWorkerThatEndsEarlyIsAnError(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "node"), []byte("#!/bin/sh\nexit 7\n"), 0o777))
	cmd := program.Command(t)
	cmd.Env = append(cmd.Env, "PATH="+dir)
	r := program.Run(t, cmd)
	// The texts may have been lost before the end of the worker was known, which the channel tells.
	require.Regexp(t, `(^nodeworker: |\n)worker: exit status 7, 2 texts left\n`, r.Stderr)
	require.Equal(t, 1, r.Code)
}
