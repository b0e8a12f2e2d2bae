package leakcheck_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// victimVariable is set in a process of this test binary that a test started to watch it fail: the
// test that it names misbehaves there in place of testing.
const victimVariable = "LEAKCHECK_TEST_VICTIM"

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

func init() {
	switch os.Getenv(victimVariable) {
	case "", "TestMainPassesWhenNothingLeaks":
		return
	case "TestFullRunFailsWhenAHelperIsNeverStarted":
		helperproc.Register("never-started", func([]string) {})
	}
	leakcheck.SetGraceTime(200 * time.Millisecond)
}

// isVictim reports whether this process is the one in which test t misbehaves.
func isVictim(t *testing.T) bool { return os.Getenv(victimVariable) == t.Name() }

// inVictim runs the test binary once more with args, there with test t misbehaving, and returns how
// it ended. What the victim leaves running reads its standard input, which ends here.
func inVictim(t *testing.T, args ...string) (exitCode int, output string) {
	t.Helper()
	if victim := os.Getenv(victimVariable); victim != "" {
		t.Skip("this process is the victim of", victim)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self, append(args, "-test.count=1")...)
	cmd.Env = append(os.Environ(), victimVariable+"="+t.Name(), "GORACE=atexit_sleep_ms=0")
	stdin, feed, err := os.Pipe()
	require.NoError(t, err)
	defer stdin.Close()
	defer feed.Close()
	cmd.Stdin = stdin
	out, err := cmd.CombinedOutput()
	if err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		require.True(t, ok, "%v", err)
		return exit.ExitCode(), string(out)
	}
	return 0, string(out)
}

// alone is the argument that limits a run to test t.
func alone(t *testing.T) string { return "-test.run=^" + t.Name() + "$" }

func openPipe(t *testing.T) (r, w int) {
	t.Helper()
	var ends [2]int
	require.NoError(t, unix.Pipe(ends[:]))
	return ends[0], ends[1]
}

func closePipe(t *testing.T, r, w int) {
	t.Helper()
	require.NoError(t, unix.Close(r))
	require.NoError(t, unix.Close(w))
}

func TestMainPassesWhenNothingLeaks(t *testing.T) {
	if isVictim(t) {
		r, w := openPipe(t)
		closePipe(t, r, w)
		require.NoError(t, exec.Command("true").Run())
		go func() {}()
		return
	}
	code, out := inVictim(t, alone(t))
	require.Zero(t, code, out)
	require.NotContains(t, out, "leakcheck:")
}

func TestMainNamesALeakedDescriptorAndTheTest(t *testing.T) {
	if isVictim(t) {
		openPipe(t)
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Len(t, regexp.MustCompile(`(?m)^leakcheck: descriptor \d+ is left open: .*pipe`).FindAllString(out, -1), 2, out)
	require.Contains(t, out, "leakcheck: "+t.Name()+" leaks descriptors when it runs alone")
}

func TestMainNamesADescriptorClosedByAStranger(t *testing.T) {
	if isVictim(t) {
		require.NoError(t, unix.Close(0))
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "leakcheck: descriptor 0 was closed by somebody who did not own it")
}

func TestMainNamesADescriptorThatBecameAnother(t *testing.T) {
	if isVictim(t) {
		r, w := openPipe(t)
		require.NoError(t, unix.Close(0))
		fd, err := unix.Dup(r) // The lowest free number.
		require.NoError(t, err)
		require.Zero(t, fd)
		closePipe(t, r, w)
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^leakcheck: descriptor 0 was .* and is now .*pipe`, out)
}

func TestMainNamesALivingChildByItsCommand(t *testing.T) {
	if isVictim(t) {
		_, err := os.StartProcess("/bin/sh", []string{"sh", "-c", "read line"}, &os.ProcAttr{Files: []*os.File{os.Stdin}})
		require.NoError(t, err)
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^leakcheck: child \d+ was not reaped: state S.*read line`, out)
}

func TestMainShowsTheStackOfALeakedGoroutine(t *testing.T) {
	if isVictim(t) {
		go leakedGoroutine()
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Regexp(t, `(?m)^leakcheck: goroutine is left running:\n\tgoroutine \d+ \[select \(no cases\)`, out)
	require.Contains(t, out, "leakcheck_test.leakedGoroutine")
}

func leakedGoroutine() { select {} }

func TestMainKeepsTheExitCodeOfFailingTests(t *testing.T) {
	if isVictim(t) {
		require.Fail(t, "on purpose")
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.NotContains(t, out, "leakcheck:")
}

func TestFullRunFailsWhenAHelperIsNeverStarted(t *testing.T) {
	if isVictim(t) {
		return // The whole run misbehaves, by the helper that init registered.
	}
	const complaint = `leakcheck: helper "never-started" is registered but no test starts it`
	code, out := inVictim(t)
	require.Equal(t, 1, code, out)
	require.Contains(t, out, complaint)

	for _, part := range [][]string{{alone(t)}, {"-test.skip=NoNewFDs"}, {"-test.short"}, {"-test.list=."}} {
		code, out := inVictim(t, part...)
		require.Zero(t, code, "%v: %s", part, out)
		require.NotContains(t, out, complaint, "%v", part)
	}
}

func TestNoNewFDsFailsTheTestThatLeaks(t *testing.T) {
	if isVictim(t) {
		leakcheck.NoNewFDs(t)
		openPipe(t)
		return
	}
	code, out := inVictim(t, alone(t))
	require.Equal(t, 1, code, out)
	require.Contains(t, out, "--- FAIL: "+t.Name())
	require.Regexp(t, `leakcheck_test.go:\d+: leakcheck: descriptor \d+ is left open: .*pipe`, out)
}

func TestNoNewFDsAcceptsWhatCleanupsClose(t *testing.T) {
	leakcheck.NoNewFDs(t)
	r, w := openPipe(t)
	t.Cleanup(func() { closePipe(t, r, w) })
	require.Greater(t, len(leakcheck.FDs()), 2)
}

func TestFDsTellsNumberAndTarget(t *testing.T) {
	before := leakcheck.FDs()
	r, w := openPipe(t)
	defer closePipe(t, r, w)
	var added []int
	for fd, target := range leakcheck.FDs() {
		if _, old := before[fd]; !old {
			added = append(added, fd)
			require.Contains(t, target, "pipe", "descriptor %d", fd)
		}
	}
	require.ElementsMatch(t, []int{r, w}, added)
}
