package main

import (
	"bytes"
	"context"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	helperproc.Register("brood", func(args []string) {
		code, err := run("brood", args)
		if err != nil {
			panic(err)
		}
		helperproc.Exit(code)
	})
}

// exitOf runs the command, which must print nothing on stderr, and returns its status and stdout.
func exitOf(t *testing.T, args ...string) (status syscall.WaitStatus, stdout string) {
	t.Helper()
	status, stdout, stderr := outputOf(t, args...)
	require.Empty(t, stderr)
	return status, stdout
}

func outputOf(t *testing.T, args ...string) (status syscall.WaitStatus, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program, argv := helperproc.Command("brood", args...)
	cmd := exec.CommandContext(ctx, program, argv...)
	var out, errors bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errors
	if err := cmd.Run(); cmd.ProcessState == nil {
		require.NoError(t, err)
	}
	require.NoError(t, ctx.Err())
	return cmd.ProcessState.Sys().(syscall.WaitStatus), out.String(), errors.String()
}

func TestATextFindsModulesOfTheLibraryAsVariables(t *testing.T) {
	for _, row := range []struct {
		want string
		args []string
	}{
		{"a/b function", []string{"-p", "path.join('a', 'b') + ' ' + typeof fs.readFileSync"}},
		{"function", []string{"--input-type=module", "-e", "console.log(typeof fs.readFileSync)"}},
		{"1 2 undefined", []string{"-e", "const path = 1; fs = 2; var zlib; console.log(path, fs, typeof test)"}},
		{"false", []string{"-p", "Object.keys(globalThis).includes('fs')"}},
	} {
		status, stdout := exitOf(t, row.args...)
		require.Equal(t, 0, status.ExitStatus())
		require.Equal(t, row.want+"\n", stdout)
	}
}
