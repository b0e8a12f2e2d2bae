package childprocess_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/signals"
)

func init() {
	// closed-standard closes its standard descriptors, uses everything that a loop has, and writes
	// to descriptor 3 which of the three numbers are open meanwhile.
	helperproc.Register("closed-standard", func([]string) {
		// Go opens its own descriptors now, at numbers that a program cannot choose.
		runtimes, _, err := os.Pipe()
		check(runtimes, err)
		for n := range 3 {
			check(0, unix.Close(n))
		}
		l := check(openLoop())
		l.SetTimeout(time.Millisecond, func() {})
		check(signals.Watch(l, syscall.SIGUSR1, func(syscall.Signal) {})).Unref()
		file, argv := helperproc.Command("wait")
		pipes := []childprocess.Stdio{childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.IPC, childprocess.Pipe}
		children := []*childprocess.ChildProcess{
			check(childprocess.Spawn(l, file, argv, &childprocess.Options{Stdio: pipes})),
			check(childprocess.Spawn(l, file, argv, &childprocess.Options{Async: true, StopEvents: true})),
		}
		running := 0
		for _, c := range children {
			c.OnSpawn(func() {
				if running++; running < len(children) {
					return
				}
				check(childprocess.Output(context.Background(), "true"))
				for n := range 3 {
					if _, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0); err == nil {
						target, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", n))
						writeAll(3, fmt.Appendf(nil, "%d is %s; ", n, target))
					}
				}
				for _, c := range children {
					c.Stdin.End()
				}
			})
		}
		check(0, l.Run())
		check(0, l.Close())
		writeAll(3, []byte("done"))
	})
}

// If the parent has closed a standard descriptor, a child that inherits it does not get a
// descriptor of the loop.
func TestNothingOfTheLoopsIsAStandardDescriptor(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}, "closed-standard")
	text := collect(t, c.Stdio[3].Readable)
	ev := events(c).reading()
	run(t, l)
	require.Equal(t, "close 0", ev.last(), "%s", ev.data[2])
	require.Equal(t, "done", *text)
}
