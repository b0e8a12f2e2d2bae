package childprocess_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// first-start starts its first child, and kills itself as soon as one of its processes has
	// stopped.
	helperproc.Register("first-start", func([]string) {
		go func() {
			for {
				var info unix.Siginfo
				err := unix.Waitid(unix.P_ALL, 0, &info, unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil)
				if err == nil && info.Signo != 0 {
					fail(unix.Kill(os.Getpid(), syscall.SIGKILL))
				}
			}
		}()
		check(0, childprocess.SpawnSync("/bin/true", nil, nil).Err)
	})

	// careless-first-start starts its first child while another goroutine waits for every child.
	helperproc.Register("careless-first-start", func([]string) {
		stop := make(chan struct{})
		var careless sync.WaitGroup
		for range 4 {
			careless.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _ = syscall.Wait4(-1, nil, 0, nil)
					}
				}
			})
		}
		_ = childprocess.SpawnSync("/bin/true", nil, nil) // The child itself may fail.
		close(stop)
		careless.Wait()
		writeAll(1, []byte("started"))
	})
}

// startLimited starts a helper program with a soft limit of descriptors. Its runtime raises the
// limit, and it has to find the old one for its own children.
func startLimited(t testing.TB, l *reactor.Loop, name string) *childprocess.ChildProcess {
	t.Helper()
	file, argv := helperproc.Command(name)
	return spawn(t, l, shell, append([]string{"-c", `ulimit -Sn 256; exec "$@"`, shell, file}, argv...), nil)
}

// copiesOfThisProgram returns the other processes that execute the same file as this one.
func copiesOfThisProgram(t testing.TB) (lines []string) {
	t.Helper()
	self, err := os.Readlink("/proc/self/exe")
	require.NoError(t, err)
	all, err := filepath.Glob("/proc/[0-9]*/exe")
	require.NoError(t, err)
	for _, link := range all {
		dir := filepath.Dir(link)
		if file, err := os.Readlink(link); err == nil && file == self && mustAtoi(t, filepath.Base(dir)) != os.Getpid() {
			line, _ := os.ReadFile(dir + "/cmdline") // Empty if the process is gone.
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

// The first start starts a copy of the program to learn a limit. The copy must not run on if the
// program is killed.
func TestAProgramThatIsKilledInItsFirstStartLeavesNoCopyOfItself(t *testing.T) {
	before := copiesOfThisProgram(t)
	killed := 0
	for range 50 {
		l := newLoop(t)
		ev := events(startLimited(t, l, "first-start"))
		run(t, l)
		if ev.status.Signal == syscall.SIGKILL {
			killed++
		}
	}
	t.Logf("killed in time: %d of 50", killed)
	require.Equal(t, before, copiesOfThisProgram(t))
}

// The copy's status may be taken by another goroutine.
func TestTheFirstStartDoesNotHangWhereSomethingWaitsForEveryChild(t *testing.T) {
	for range 20 {
		l := newLoop(t)
		require.Equal(t, "started", output(t, l, startLimited(t, l, "careless-first-start")))
	}
}
