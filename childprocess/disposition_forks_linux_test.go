package childprocess_test

import (
	"context"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/signals"
)

func init() {
	// make ignores the signals in its first argument, which may be any, and executes the program in
	// the others.
	helperproc.Register("make", func(args []string) {
		for _, s := range signalList(args[0]) {
			signal.Ignore(s)
			ignoreForeign(s.(syscall.Signal)) // os/signal does not touch all of them.
		}
		fail(syscall.Exec(args[1], args[1:], os.Environ()))
	})

	// volley starts children on many goroutines at once, while a loop watches a signal again and
	// again. No child may ignore a signal. The program itself must go on to ignore those in its
	// first argument.
	helperproc.Register("volley", func(args []string) {
		var want uint64
		for _, s := range signalList(args[0]) {
			want |= 1 << (s.(syscall.Signal) - 1)
		}
		requireIgnored(want)
		ctx, cancel := context.WithCancel(context.Background())
		var watching, forking sync.WaitGroup
		watching.Go(func() {
			l := check(openLoop())
			for ctx.Err() == nil {
				for _, s := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR2} {
					w := check(signals.Watch(l, s, func(syscall.Signal) {}))
					check(0, l.Post(func() {}))
					w.Unref()
					check(0, l.Run())
					w.Close()
				}
			}
			check(0, l.Run())
			check(0, l.Close())
		})
		for range 16 {
			forking.Go(func() {
				for range 10 {
					r := childprocess.SpawnSync("/bin/cat", []string{"/proc/self/status"}, nil)
					requireClean(parseState(string(check(r.Stdout, r.Err))))
				}
			})
		}
		forking.Wait()
		cancel()
		watching.Wait()
		requireIgnored(want)
	})
}

// requireIgnored fails in a helper program that does not ignore exactly these signals, bit n-1 for
// signal n.
func requireIgnored(want uint64) {
	if got := state("/proc/self/status").Ignored; got != want {
		writeAll(2, []byte(strconv.FormatUint(got, 16)+" are ignored\n"))
		helperproc.Exit(5)
	}
}

// The signals that make(1) and nohup(1) have their programs ignore are at their default in the
// children of many forks at once, and are ignored again in the program afterwards.
func TestForksAtOnceShareNoInheritedDisposition(t *testing.T) {
	needOwnFork(t, "make", "volley")
	for name, list := range map[string][]syscall.Signal{
		"nothing":       {},
		"make":          {32, 34}, // 33 belongs to the Go runtime if there is no cgo.
		"nohup":         {unix.SIGHUP},
		"nohup in make": {32, 34, unix.SIGHUP},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			file, argv := helperproc.Command("volley", listText(list))
			output(t, l, start(t, l, "make", append([]string{listText(list), file}, argv...)...))
		})
	}
}
