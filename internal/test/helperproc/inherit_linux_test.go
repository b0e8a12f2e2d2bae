package helperproc_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

func init() {
	helperproc.Register("print-inherited", func([]string) {
		fmt.Println("descriptors", len(leakcheck.Inheritable()))
		status, err := os.Open("/proc/self/status")
		if err != nil {
			panic(err)
		}
		defer status.Close()
		for lines := bufio.NewScanner(status); lines.Scan(); {
			switch name, mask, _ := strings.Cut(lines.Text(), ":\t"); name {
			case "SigBlk", "SigIgn":
				fmt.Println(name, mask)
			}
		}
	})
}

func TestHelperKeepsMaskDispositionsAndDescriptors(t *testing.T) {
	// The forking thread's mask is the child's mask, so the test stays on one thread and blocks a
	// signal there.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var usr1, old unix.Sigset_t
	usr1.Val[0] = 1 << (unix.SIGUSR1 - 1)
	require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, &usr1, &old))
	defer func() { require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)) }()
	// Through an exec the kernel passes on only that a signal is ignored, and the Go runtime keeps
	// that for two signals.
	signal.Ignore(unix.SIGHUP)
	defer signal.Reset(unix.SIGHUP)

	expected := leakcheck.Inheritable()
	file, argv := helperproc.Command("print-inherited")
	out, err := exec.Command(file, argv...).CombinedOutput()
	require.NoError(t, err, "%s", out)

	var descriptors int
	var blocked, ignored uint64
	_, err = fmt.Sscanf(string(out), "descriptors %d\nSigBlk %x\nSigIgn %x\n", &descriptors, &blocked, &ignored)
	require.NoError(t, err, "%s", out)
	require.Equal(t, len(expected), descriptors, "stdin, stdout, stderr and what this process passes on")
	// The environment of the test run may set others.
	require.NotZero(t, blocked&(1<<(unix.SIGUSR1-1)), "%x", blocked)
	require.NotZero(t, ignored&(1<<(unix.SIGHUP-1)), "%x", ignored)
}
