//go:build amd64 || arm64

package process_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

// hangTime ends a test that hangs.
const hangTime = 30 * time.Second

// A gate keeps every execve(2) of a file waiting until it is opened (fanotify(7)).
type gate struct{ fd int }

func newGate(t *testing.T, file string) *gate {
	t.Helper()
	fd, err := unix.FanotifyInit(unix.FAN_CLASS_CONTENT|unix.FAN_CLOEXEC, unix.O_RDONLY|unix.O_CLOEXEC)
	if err == nil {
		err = unix.FanotifyMark(fd, unix.FAN_MARK_ADD, unix.FAN_OPEN_EXEC_PERM, unix.AT_FDCWD, file)
		if err != nil {
			require.NoError(t, unix.Close(fd))
		}
	}
	if err != nil {
		t.Skip("nothing can delay an execve here, fanotify: ", err)
	}
	g := &gate{fd}
	t.Cleanup(func() { require.NoError(t, unix.Close(g.fd)) }) // Who still waits may go on then.
	return g
}

// arrival waits for a process at the gate, and returns a function that lets it pass.
func (g *gate) arrival(t *testing.T) (pass func()) {
	t.Helper()
	var event [unix.FAN_EVENT_METADATA_LEN]byte // There is room for one.
	n, err := unix.Read(g.fd, event[:])
	require.NoError(t, err)
	require.Equal(t, unix.FAN_EVENT_METADATA_LEN, n)
	fd := int32(binary.NativeEndian.Uint32(event[16:])) // of struct fanotify_event_metadata
	return func() {
		var response [8]byte
		binary.NativeEndian.PutUint32(response[0:], uint32(fd))
		binary.NativeEndian.PutUint32(response[4:], unix.FAN_ALLOW)
		_, err := unix.Write(g.fd, response[:])
		require.NoError(t, err)
		require.NoError(t, unix.Close(int(fd)))
	}
}

// within fails t if fn hangs. Then its goroutine is lost.
func within(t *testing.T, what string, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(hangTime):
		require.Fail(t, what+" waits for execve(2)")
	}
}

func TestASlowExecveHoldsUpNoGoroutine(t *testing.T) {
	ownForkOnly(t)
	for _, procs := range []int{1, 4} {
		t.Run(fmt.Sprint("GOMAXPROCS=", procs), func(t *testing.T) {
			if !alone(t) {
				return
			}
			nothingIsLeft(t)
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			program := exitProgram(9).newProgram(t)
			g := newGate(t, program)
			s := newStarter(t)
			started := make(chan process.Process)
			// It ends when the child may pass. The test waits for that.
			go func() {
				p, failure := s.Start(command(program))
				if failure != nil {
					panic(failure)
				}
				started <- p
			}()
			pass := g.arrival(t)
			within(t, "the collector", func() {
				for range 3 {
					runtime.GC()
				}
			})
			within(t, "another goroutine", func() {
				unbuffered := make(chan int)
				go func() {
					for i := range 1000 {
						unbuffered <- i
					}
					close(unbuffered)
				}()
				for range unbuffered {
					_ = make([]byte, 1<<16)
				}
			})
			// Another start is not held up either.
			within(t, "another start", func() {
				other := newStarter(t)
				p, failure := other.Start(command("/bin/true"))
				if failure != nil {
					panic(failure)
				}
				if _, err := await(p); err != nil {
					panic(err)
				}
			})
			select {
			case <-started:
				require.Fail(t, "Start has returned before execve(2) has")
			default:
			}
			pass()
			require.Equal(t, process.Change{Kind: process.Exited, Code: 9}, finish(t, <-started))
		})
	}
}

func TestSlowStartsDoNotAddUpThreads(t *testing.T) {
	ownForkOnly(t)
	if !alone(t) {
		return
	}
	nothingIsLeft(t)
	program := exitProgram(0).newProgram(t)
	g := newGate(t, program)
	const together = 8
	counts := []int{}
	for range 10 {
		over := make(chan error, together)
		for range together {
			// It ends when its child has ended. The test waits for that.
			go func() {
				var s process.Starter
				defer s.Release()
				p, failure := s.Start(command(program))
				if failure != nil {
					over <- failure
					return
				}
				_, err := await(p)
				over <- err
			}()
		}
		var pass []func()
		for range together {
			pass = append(pass, g.arrival(t))
		}
		for _, fn := range pass {
			fn()
		}
		for range together {
			require.NoError(t, <-over)
		}
		counts = append(counts, threads(t))
	}
	require.LessOrEqual(t, counts[len(counts)-1], counts[0]+together, "%v", counts)
}

// threads returns how many threads this program has.
func threads(t testing.TB) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	return len(tasks)
}
