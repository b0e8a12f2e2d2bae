package helperproc_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

func init() {
	helperproc.Register("print-args", func(args []string) { fmt.Printf("%q", args) })
	helperproc.Register("exit-3", func([]string) {
		fmt.Fprint(os.Stderr, "three")
		helperproc.Exit(3)
	})
}

func TestHelperGetsItsArgumentsAndExitsWithZero(t *testing.T) {
	file, argv := helperproc.Command("print-args", "-test.run=x", "", "a b")
	require.True(t, filepath.IsAbs(file), file)
	cmd := exec.Command(file, argv...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, `["-test.run=x" "" "a b"]`, string(out))
}

func TestHelperNeedsNoEnvironmentAndPrintsNothingOfItsOwn(t *testing.T) {
	file, argv := helperproc.Command("exit-3")
	cmd := exec.Command(file, argv...)
	cmd.Env = []string{}
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	exit, ok := errors.AsType[*exec.ExitError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, 3, exit.ExitCode())
	require.Equal(t, "three", string(out))
}

func TestUnknownHelperFailsWithItsName(t *testing.T) {
	file, _ := helperproc.Command("print-args")
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(file, "-brood-helper=nosuch")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	exit, ok := errors.AsType[*exec.ExitError](cmd.Run())
	require.True(t, ok)
	require.Equal(t, 98, exit.ExitCode())
	require.Contains(t, stderr.String(), `"nosuch"`)
	require.Empty(t, stdout.String(), "the tests ran in place of the helper")
}

func TestMisuseOfRegisterAndCommandPanics(t *testing.T) {
	nop := func([]string) {}
	for name, misuse := range map[string]func(){
		"empty name":     func() { helperproc.Register("", nop) },
		"nil function":   func() { helperproc.Register("new", nil) },
		"duplicate name": func() { helperproc.Register("exit-3", nop) },
		"unknown name":   func() { helperproc.Command("new") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				text, _ := recover().(string)
				require.True(t, strings.HasPrefix(text, "helperproc: "), "panic text: %q", text)
			}()
			misuse()
		})
	}
}

func TestUnusedNamesWhatNobodyStarted(t *testing.T) {
	// A name of its own for each run of this test, because a registration is for good.
	name := fmt.Sprint("late-", lateHelpers.Add(1))
	helperproc.Register(name, func([]string) {})
	require.Contains(t, helperproc.Unused(), name)
	helperproc.Command(name)
	require.NotContains(t, helperproc.Unused(), name)
}

// lateHelpers counts the helpers that were registered by tests.
var lateHelpers atomic.Int64
