package childprocess_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/journal"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func TestMain(m *testing.M) {
	forceFork()
	runWorkers()
	os.Exit(leakcheck.Main(m))
}

// The helper programs that several files use.
func init() {
	// cat copies its stdin to its stdout.
	helperproc.Register("cat", func([]string) { check(io.Copy(os.Stdout, os.Stdin)) })

	// exit ends with the given code.
	helperproc.Register("exit", func(args []string) { helperproc.Exit(check(strconv.Atoi(args[0]))) })

	// say writes each argument to the descriptor in front of it: say 1 out 2 err.
	helperproc.Register("say", func(args []string) {
		for pair := range slices.Chunk(args, 2) {
			writeAll(check(strconv.Atoi(pair[0])), []byte(pair[1]))
		}
	})

	// wait writes one byte to stdout when it runs, and ends with its stdin.
	helperproc.Register("wait", func([]string) {
		writeAll(1, []byte{'r'})
		check(io.Copy(io.Discard, os.Stdin))
	})
}

// check ends a helper program if there is an error.
func check[T any](v T, err error) T {
	if err != nil {
		fail(err)
	}
	return v
}

// fail ends a helper program that cannot do its work.
func fail(err error) {
	fmt.Fprintln(os.Stderr, "helper:", err)
	helperproc.Exit(3)
}

// writeAll is write(2) on a descriptor of a helper program: an os.File would look at its mode.
func writeAll(fd int, p []byte) {
	for len(p) > 0 {
		n, err := unix.Write(fd, p)
		if err == unix.EINTR {
			continue
		}
		p = p[check(n, err):]
	}
}

// forcedExitWatch is the ExitWatch that BROOD_TEST_EXITWATCH=pidfd|sigchld forces on every loop,
// else ExitWatchAuto.
func forcedExitWatch() childprocess.ExitWatch {
	switch name := os.Getenv("BROOD_TEST_EXITWATCH"); name {
	case "":
		return childprocess.ExitWatchAuto
	case "pidfd":
		return childprocess.ExitWatchPidfd
	case "sigchld":
		return childprocess.ExitWatchSIGCHLD
	default:
		panic("BROOD_TEST_EXITWATCH=" + name)
	}
}

// watchesSIGCHLD reports whether a loop learns of exits by SIGCHLD by default, because that is
// forced or pidfds are refused.
func watchesSIGCHLD() bool {
	return forcedExitWatch() == childprocess.ExitWatchSIGCHLD || sandbox.Forced("pidfd_open") || sandbox.Forced("waitid.P_PIDFD")
}

// forkSwitch is the variable that disables a part of the fork, see process.Force.
const forkSwitch = "BROOD_TEST_FORK"

func forceFork() {
	if !process.Force(os.Getenv(forkSwitch)) {
		panic(forkSwitch + "=" + os.Getenv(forkSwitch))
	}
}

// plainFork reports whether children are started by syscall.ForkExec, which lacks some options.
func plainFork() bool { return os.Getenv(forkSwitch) == "forkexec" }

// openLoop returns a loop as the environment wants it, see looptest.Options and forcedExitWatch. It
// is for helper programs, where nothing closes it.
func openLoop() (*reactor.Loop, error) {
	l, err := reactor.New(looptest.Options())
	if err != nil {
		return nil, err
	}
	return l, forceExitWatch(l)
}

func forceExitWatch(l *reactor.Loop) error {
	if w := forcedExitWatch(); w != childprocess.ExitWatchAuto {
		return childprocess.SetExitWatch(l, w)
	}
	return nil
}

// The vocabulary of all tests of loops, here by its short names.
var (
	run        = looptest.Run
	eventually = looptest.Eventually
	isOpen     = fdtest.IsOpen
)

// newLoop is openLoop for a test, with which the loop is closed.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return newLoopWith(t, reactor.Options{})
}

// newLoopWith is newLoop for a loop with options.
func newLoopWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	if childprocess.BackgroundUsers() == 0 {
		// Of a test before this one: its end would change the descriptors.
		childprocess.RetireBackground()
	}
	l := looptest.NewWith(t, o)
	require.NoError(t, forceExitWatch(l))
	t.Cleanup(func() {
		if t.Failed() {
			// The children were killed by now. Collecting them keeps one failure from becoming
			// many.
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			_ = l.RunContext(ctx)
		}
	})
	return l
}

// spawn calls childprocess.Spawn, which must return a child; it may have an error event.
func spawn(t testing.TB, l *reactor.Loop, file string, args []string, o *childprocess.Options) *childprocess.ChildProcess {
	t.Helper()
	c, err := childprocess.Spawn(l, file, args, o)
	require.NoError(t, err, "Spawn(%q, %q, %+v)", file, args, o)
	require.NotNil(t, c)
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = c.Kill(syscall.SIGKILL) // See newLoop.
		}
	})
	return c
}

// start starts a helper program with default options.
func start(t testing.TB, l *reactor.Loop, name string, args ...string) *childprocess.ChildProcess {
	t.Helper()
	return startWith(t, l, nil, name, args...)
}

// startWith starts a helper program.
func startWith(t testing.TB, l *reactor.Loop, o *childprocess.Options, name string, args ...string) *childprocess.ChildProcess {
	t.Helper()
	file, argv := helperproc.Command(name, args...)
	return spawn(t, l, file, argv, o)
}

// output runs c to its end, which must be a success, and returns its stdout. Its stderr is part of
// the failure message.
func output(t testing.TB, l *reactor.Loop, c *childprocess.ChildProcess) string {
	t.Helper()
	ev := events(c).reading()
	run(t, l)
	require.NoError(t, ev.err)
	require.True(t, ev.status.Success(), "%v, stderr: %s", ev.status, ev.data[2])
	return string(ev.data[1])
}

// A recorder notes the events of a child in order, as texts: "spawn", "exit 3", "exit SIGTERM
// (core)", "error ENOENT", "close 3"; for its streams "stdout end", "stdin close", "stderr error
// EIO" and so on, with "stdio5" for slot 5 and "stdio5w" for its writing half. A negative number is
// the errno of a child that could not be started.
type recorder struct {
	journal.Journal
	c      *childprocess.ChildProcess
	err    error                   // of the last error event
	status childprocess.ExitStatus // of exit, then of close
	data   map[int][]byte          // read by reading, by slot
}

// events records the events of c from now on. It does not read the streams.
func events(c *childprocess.ChildProcess) *recorder {
	r := &recorder{c: c, data: map[int][]byte{}}
	c.OnSpawn(func() { r.Add("spawn") })
	c.OnExit(func(s childprocess.ExitStatus) {
		r.status = s
		r.Add("exit " + statusText(s))
	})
	c.OnClose(func(s childprocess.ExitStatus) {
		r.status = s
		r.Add("close " + statusText(s))
	})
	c.OnError(func(err error) {
		r.err = err
		r.Add("error " + errorText(err))
	})
	for i, s := range c.Stdio {
		name := slotName(i)
		if in := s.Readable; in != nil {
			in.OnEnd(func() { r.Add(name + " end") })
			in.OnError(func(err error) { r.Add(name + " error " + errorText(err)) })
			in.OnClose(func() { r.Add(name + " close") })
		}
		if out := s.Writable; out != nil {
			name := name // The listeners above keep the name without "w".
			if i > 2 {
				name += "w"
			}
			out.OnFinish(func() { r.Add(name + " finish") })
			out.OnError(func(err error) { r.Add(name + " error " + errorText(err)) })
			out.OnClose(func() { r.Add(name + " close") })
		}
	}
	return r
}

// reading reads all streams of the child into data. Entries has "stdout data" once for successive
// chunks.
func (r *recorder) reading() *recorder {
	for i, s := range r.c.Stdio {
		if s.Readable == nil {
			continue
		}
		entry := slotName(i) + " data"
		s.Readable.OnData(func(chunk []byte) {
			r.data[i] = append(r.data[i], chunk...)
			if len(r.Entries) == 0 || r.Entries[len(r.Entries)-1] != entry {
				r.Add(entry)
			}
		})
	}
	return r
}

// process returns the entries of the child itself, without those of its streams.
func (r *recorder) process() []string {
	return slices.DeleteFunc(slices.Clone(r.Entries), func(entry string) bool { return strings.HasPrefix(entry, "std") })
}

// count returns the number of entries that are equal to entry, or begin with it and a space.
func (r *recorder) count(entry string) (n int) {
	for _, e := range r.Entries {
		if e == entry || strings.HasPrefix(e, entry+" ") {
			n++
		}
	}
	return n
}

// index returns the index of the first entry that is equal to entry, or begins with it and a space;
// -1 without one.
func (r *recorder) index(entry string) int {
	return slices.IndexFunc(r.Entries, func(e string) bool { return e == entry || strings.HasPrefix(e, entry+" ") })
}

func slotName(i int) string {
	if i < 3 {
		return [...]string{"stdin", "stdout", "stderr"}[i]
	}
	return "stdio" + strconv.Itoa(i)
}

func statusText(s childprocess.ExitStatus) string {
	switch {
	case s.NotStarted != nil: // Node has the negative errno as the code.
		errno, _ := errors.AsType[syscall.Errno](s.NotStarted)
		return strconv.Itoa(-int(errno))
	case s.Lost:
		return "lost"
	case s.CoreDumped:
		return signals.Name(s.Signal) + " (core)"
	case s.Signal != 0:
		return signals.Name(s.Signal)
	}
	return strconv.Itoa(s.Code)
}

func errorText(err error) string {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return cmp.Or(unix.ErrnoName(errno), errno.Error())
	}
	return err.Error()
}
