//go:build amd64 || arm64

package process_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// aloneVariable is set in a process of this test binary in which one test runs; see alone.
const aloneVariable = "BROOD_PROCESS_ALONE"

// solitude is the process that alone starts.
type solitude struct {
	env     []string // beside that of this process
	through []string // a command that executes its arguments
}

// alone reports whether t runs in a process of its own. Otherwise it runs t in one, reports the
// result of that process, and t must return. It is for tests that change their process for good, or
// need one that no other test has used.
func alone(t *testing.T) bool { return solitude{}.is(t) }

// longestOutput bounds how much of the output of such a process is repeated, in bytes: with a full
// table every descriptor counts as a leak.
const longestOutput = 8 << 10

var skipReason = regexp.MustCompile(`(?m)^ *[a-z_]+_test\.go:\d+: (.*)\n--- SKIP`)

func (s solitude) is(t *testing.T) bool {
	t.Helper()
	if os.Getenv(aloneVariable) == t.Name() {
		return true
	}
	self, err := os.Executable()
	require.NoError(t, err)
	short := "-test.short=false"
	if testing.Short() {
		short = "-test.short"
	}
	command := append(s.through, self, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v", short)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(append(os.Environ(), aloneVariable+"="+t.Name(), "GORACE=atexit_sleep_ms=0", "BROOD_LEAKCHECK_ALONE=1"), s.env...)
	cmd.WaitDelay = time.Second // What it leaves running when it fails may hold the output open.
	out, err := cmd.CombinedOutput()
	if reason := skipReason.FindSubmatch(out); err == nil && reason != nil {
		t.Skip(string(reason[1]))
	}
	_, failed := errors.AsType[*exec.ExitError](err)
	require.True(t, err == nil || failed, "%v", err)
	require.NoError(t, err, "%s", out[:min(len(out), longestOutput)])
	return false
}

// ownForks are the variants of the fork of this library, see process.Force.
var ownForks = []string{"", "noclone3", "noclearsignal", "nounshare", "nopidfd", "nocloserange"}

// eachFork runs a test in a process of its own for each variant, which it calls with the name. In a
// short run it does so for the first and the last.
func eachFork(t *testing.T, variants []string, test func(t *testing.T, variant string)) {
	if os.Getenv(forkSwitch) != "" && os.Getenv(aloneVariable) == "" {
		t.Skip("this run forces a variant of the fork already")
	}
	if testing.Short() {
		variants = []string{variants[0], variants[len(variants)-1]}
	}
	for _, variant := range variants {
		name := variant
		if name == "" {
			name = "complete"
		}
		t.Run(name, func(t *testing.T) {
			if (solitude{env: []string{forkSwitch + "=" + variant}}).is(t) {
				test(t, variant)
			}
		})
	}
}

// completeForkOnly skips t where the tested fork lacks something.
func completeForkOnly(t testing.TB) {
	t.Helper()
	if variant := os.Getenv(forkSwitch); variant != "" {
		t.Skip("this run forces another fork: ", variant)
	}
}
