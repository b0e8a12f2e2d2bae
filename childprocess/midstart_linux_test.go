package childprocess_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// starter starts children without end, by every form and on several threads, and writes a byte
	// for each. They share its descriptor 3.
	helperproc.Register("starter", func([]string) {
		leash := []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.FD(3)}
		for range 2 {
			go func() {
				for {
					check(0, childprocess.Run(context.Background(), "/bin/true"))
					writeAll(1, []byte{'o'})
				}
			}()
		}
		l := check(openLoop())
		for _, async := range []bool{false, true} {
			o := &childprocess.Options{Async: async, Stdio: leash}
			var next func()
			next = func() {
				writeAll(1, []byte{'s'})
				check(childprocess.Spawn(l, "/bin/true", nil, o)).OnClose(func(childprocess.ExitStatus) { next() })
			}
			l.NextTick(next)
		}
		check(0, l.Run())
	})

	// volley-fire starts children by every form, while a signal is sent to its process group all
	// the time. It catches the signal; each child must be killed by it.
	helperproc.Register("volley-fire", func([]string) {
		const s = syscall.SIGTERM
		signal.Notify(make(chan os.Signal, 1), s)
		stop := make(chan struct{})
		var sender sync.WaitGroup
		sender.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					check(0, unix.Kill(0, s))
				}
			}
		})
		for range 50 {
			if r := childprocess.SpawnSync("/bin/sleep", []string{"1000"}, nil); r.Err != nil || r.Status.Signal != s {
				fail(fmt.Errorf("%v: %w", r.Status, r.Err))
			}
			if err := childprocess.Run(context.Background(), "/bin/sleep", "1000"); err.(*childprocess.ExitError).Status.Signal != s {
				fail(err)
			}
			l := check(openLoop())
			for _, async := range []bool{false, true} {
				ev := events(check(childprocess.Spawn(l, "/bin/sleep", []string{"1000"}, &childprocess.Options{Async: async})))
				check(0, l.Run())
				if got := ev.process(); len(got) != 3 || got[0] != "spawn" || got[1] != "exit SIGTERM" {
					fail(fmt.Errorf("%q", got))
				}
			}
			check(0, l.Close())
		}
		close(stop)
		sender.Wait()
	})
}

// Close comes when no process has the descriptors any more: neither the program that was killed nor
// a child that it was starting.
func TestAProgramThatIsKilledWhileItStartsChildrenLeavesNothing(t *testing.T) {
	for after := range 40 {
		l := newLoop(t)
		o := &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}
		c := startWith(t, l, o, "starter")
		ev := events(c)
		started := 0
		c.Stdout.OnData(func(chunk []byte) {
			if started += len(chunk); started > after && !c.Killed() {
				kill(t, c, syscall.SIGKILL)
			}
		})
		run(t, l)
		require.Equal(t, syscall.SIGKILL, ev.status.Signal)
		require.Equal(t, 1, ev.count("stdio3 end"), "%q", ev.Entries)
	}
}

// A child is a member of the running group and gets the signal, or is killed by it before it
// executes anything.
func TestASignalToTheGroupReachesAChildInEveryMomentOfItsStart(t *testing.T) {
	l := newLoop(t)
	output(t, l, startWith(t, l, &childprocess.Options{Setpgid: true}, "volley-fire"))
}
