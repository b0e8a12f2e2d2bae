package childprocess_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// starve starts a child with 0 free descriptors, then with 1, and so on until it starts. Its
	// arguments are whether the loop has had a child before, and the layout.
	helperproc.Register("starve", func(args []string) {
		openRuntimePoller()
		var tries []attempt
		for left := 0; len(tries) == 0 || tries[len(tries)-1].Errno != 0; left++ {
			tries = append(tries, starve(args[0] == "warm", args[1], left))
		}
		writeAll(1, check(json.Marshal(tries)))
	})

	// probe writes whether the kernel seems to have pidfds, and then the same with no free
	// descriptor.
	helperproc.Register("probe", func([]string) {
		had := process.HasPidfd()
		giveBack := takeDescriptors(0)
		has := process.HasPidfd()
		giveBack()
		fmt.Print(had, has)
	})

	// crowd starts a child when its user may not have another process.
	helperproc.Register("crowd", func([]string) {
		openRuntimePoller()
		idleThreads() // The Go runtime could not start a thread either, and would not survive that.
		var limit unix.Rlimit
		check(0, unix.Getrlimit(unix.RLIMIT_NPROC, &limit))
		none := limit
		none.Cur = 0
		var tries []attempt
		for _, now := range []*unix.Rlimit{&none, &limit} {
			before := leakcheck.FDs()
			l := check(openLoop())
			check(0, unix.Setrlimit(unix.RLIMIT_NPROC, now))
			a := attemptWith(l, nil)
			check(0, unix.Setrlimit(unix.RLIMIT_NPROC, &limit))
			a.conclude(l, before)
			tries = append(tries, a)
		}
		writeAll(1, check(json.Marshal(tries)))
	})

	// unwatched starts a child by SIGCHLD, which takes a signalfd, when no descriptor is left, and
	// writes its process id and what came of it.
	helperproc.Register("unwatched", func([]string) {
		openRuntimePoller()
		l := check(openLoop())
		check(0, childprocess.SetExitWatch(l, childprocess.ExitWatchSIGCHLD))
		giveBack := takeDescriptors(0)
		c := check(childprocess.Spawn(l, "/bin/true", nil, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Inherit)}))
		giveBack()
		ev := events(c)
		check(0, l.Run())
		fmt.Print(c.Pid(), " ", ev.Entries)
	})

	// blind starts a child when its loop can no longer watch a descriptor.
	helperproc.Register("blind", func([]string) {
		openRuntimePoller()
		before := leakcheck.FDs()
		l := check(openLoop())
		check(0, childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd))
		// Its number gets a descriptor that is no epoll.
		null := check(unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0))
		kept := check(unix.FcntlInt(uintptr(l.FD()), unix.F_DUPFD_CLOEXEC, 0))
		check(0, unix.Dup3(null, l.FD(), unix.O_CLOEXEC))
		_, err := childprocess.Spawn(l, "/bin/cat", nil, nil)
		check(0, unix.Dup3(kept, l.FD(), unix.O_CLOEXEC))
		check(0, unix.Close(null))
		check(0, unix.Close(kept))
		a := attempt{Returned: err != nil}
		a.note(err)
		check(0, l.Run())
		a.conclude(l, before)
		writeAll(1, check(json.Marshal(a)))
	})
}

// attempt is the result of a start in need.
type attempt struct {
	Returned bool
	Errno    syscall.Errno
	Step     childprocess.Step
	Events   []string // of the child and its streams
	Streams  bool     // the child has those that the options ask for
	Leaks    string
	Children bool // a child was left
}

func (a *attempt) note(err error) {
	if failed, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		a.Step = failed.Step
	}
	a.Errno, _ = errors.AsType[syscall.Errno](err)
	if err != nil && a.Errno == 0 {
		fail(err)
	}
}

// conclude closes the loop and records what is left open.
func (a *attempt) conclude(l *reactor.Loop, before map[int]string) {
	check(0, l.Close())
	if after := leakcheck.FDs(); !maps.Equal(before, after) {
		a.Leaks = fmt.Sprint(before, " became ", after)
	}
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	a.Children = err != syscall.ECHILD
}

func attemptWith(l *reactor.Loop, stdio []childprocess.Stdio) (a attempt) {
	return attemptOf(l, &childprocess.Options{Stdio: stdio})
}

func attemptOf(l *reactor.Loop, o *childprocess.Options) (a attempt) {
	c, err := childprocess.Spawn(l, "/bin/true", nil, o)
	a.Returned = err != nil
	if err == nil {
		a.Streams = hasStreams(c, o.Stdio)
		ev := events(c)
		check(0, l.Run())
		err, a.Events = ev.err, ev.Entries
	}
	a.note(err)
	return a
}

// hasStreams reports whether c has a stream in each slot where stdio asks for one, and in no other.
func hasStreams(c *childprocess.ChildProcess, stdio []childprocess.Stdio) bool {
	if len(c.Stdio) != max(3, len(stdio)) {
		return false
	}
	for i, s := range c.Stdio {
		pipe := i < 3
		if i < len(stdio) && stdio[i] != (childprocess.Stdio{}) {
			pipe = stdio[i] == childprocess.Pipe
		}
		if (s.Readable != nil) != (pipe && i != 0) || (s.Writable != nil) != (pipe && (i == 0 || i > 2)) {
			return false
		}
	}
	return c.Stdin == c.Stdio[0].Writable && c.Stdout == c.Stdio[1].Readable && c.Stderr == c.Stdio[2].Readable
}

// starve starts a child with the given number of free descriptors.
func starve(warm bool, layout string, left int) attempt {
	before := leakcheck.FDs()
	l := check(openLoop())
	if warm {
		attemptWith(l, nil)
	}
	file := check(os.Open(os.DevNull))
	stdio := map[string][]childprocess.Stdio{
		"pipes":   {3: childprocess.Pipe, 4: childprocess.File(file), 5: childprocess.Pipe},
		"ignored": childprocess.AllStdio(childprocess.Ignore),
		"owned":   {childprocess.Ignore, childprocess.File(file).Owned(), childprocess.Pipe},
	}[layout]

	o := childprocess.Options{Stdio: stdio}
	if layout == "restricted" {
		o.Landlock, o.NoNewPrivs = check(rulesetBelow("/")), true
	}
	giveBack := takeDescriptors(left)
	a := attemptOf(l, &o)
	giveBack()
	if o.Landlock != nil {
		check(0, o.Landlock.Close())
	}
	if layout != "owned" {
		check(0, file.Close())
	}
	a.conclude(l, before)
	return a
}

// takeDescriptors lowers the limit and opens all free descriptors but the given number.
func takeDescriptors(left int) (giveBack func()) {
	var limit unix.Rlimit
	check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	low := limit
	low.Cur = 100
	check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &low))
	var taken []int
	for {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == unix.EMFILE {
			break
		}
		taken = append(taken, check(fd, err))
	}
	closeAll := func(list []int) {
		for _, fd := range list {
			check(0, unix.Close(fd))
		}
	}
	rest := len(taken) - left
	closeAll(taken[rest:])
	return func() {
		closeAll(taken[:rest])
		check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	}
}

// openRuntimePoller makes the Go runtime open the descriptors that it opens once.
func openRuntimePoller() {
	r, w, err := os.Pipe()
	check(0, err)
	check(0, r.Close())
	check(0, w.Close())
}

func fileDescriptor(f *os.File) (n uintptr) {
	check(0, check(f.SyscallConn()).Control(func(fd uintptr) { n = fd }))
	return n
}

// idleThreads makes the Go scheduler start the threads that a first child needs: those that are
// made once, and idle ones for goroutines that block in a system call.
func idleThreads() {
	debug.SetGCPercent(-1) // Its workers would take them.
	l := check(openLoop())
	attemptWith(l, nil)
	check(0, l.Close())

	const threads = 16
	r, w, err := os.Pipe()
	check(0, err)
	fd := int(fileDescriptor(r))
	check(0, unix.SetNonblock(fd, false))
	blocked := make(chan bool)
	for range threads {
		go func() { // It ends when the pipe does.
			blocked <- true
			_, _ = unix.Read(fd, make([]byte, 1))
			blocked <- false
		}()
	}
	for range threads {
		<-blocked
	}
	for sleepingThreads() < threads {
		runtime.Gosched() // They have announced the read, but may not be in it.
	}
	check(0, w.Close())
	for range threads {
		<-blocked
	}
	for sleepingThreads() < threads {
		runtime.Gosched()
	}
	check(0, r.Close())
}

// sleepingThreads returns the number of this process's threads that sleep, see proc_pid_stat(5).
func sleepingThreads() (n int) {
	for _, task := range check(os.ReadDir("/proc/self/task")) {
		// Empty if the thread is gone.
		stat, _ := os.ReadFile("/proc/self/task/" + task.Name() + "/stat")
		if strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " S") {
			n++
		}
	}
	return n
}

// reserved is the number of descriptors that a loop which has had a child gives up when they are
// short.
const reserved = 5

//brood:checks N070
func TestEveryOpenCanFailForWantOfDescriptors(t *testing.T) {
	closes := map[string][]string{
		"pipes": {"stdin close", "stdio5w close", "stdio5 close", "stdio3w close", "stdio3 close", "stderr close", "close -24", "stdout close"},
		"owned": {"close -24", "stderr close"}, "ignored": {"close -24"}, "restricted": {"stdin close", "stderr close", "close -24", "stdout close"},
	}
	for layout, least := range map[string]int{"pipes": 3*2 + 2 + 1 + 2, "ignored": 3, "owned": 1 + 1 + 2, "restricted": 3*2 + 1} {
		for _, loop := range []string{"cold", "warm"} {
			t.Run(layout+" "+loop, func(t *testing.T) {
				if layout == "restricted" {
					ownForkOnly(t)
					needLandlock(t)
				}
				var tries []attempt
				l := newLoop(t)
				require.NoError(t, json.Unmarshal([]byte(output(t, l, startWith(t, l, nil, "starve", loop, layout))), &tries))
				last := len(tries) - 1
				if loop == "warm" {
					least = max(0, least-reserved)
				}
				require.GreaterOrEqual(t, last, least)
				for left, a := range tries[:last] {
					require.Equal(t, attempt{
						Errno: syscall.EMFILE, Step: childprocess.StepResource, Streams: true,
						Events: append([]string{"error EMFILE"}, closes[layout]...),
					}, a, "with %d descriptors left", left)
				}
				require.Empty(t, tries[last].Leaks)
				require.Contains(t, tries[last].Events, "exit 0")
				t.Logf("needs %d descriptors", last)
			})
		}
	}
}

func TestProbeForPidfdsDoesNotNeedADescriptor(t *testing.T) {
	l := newLoop(t)
	has := process.HasPidfd()
	require.Equal(t, fmt.Sprint(has, has), output(t, l, start(t, l, "probe")))
}

func TestTooManyProcessesAreAnErrorEvent(t *testing.T) {
	file, argv := helperproc.Command("crowd")
	needRoot(t) // Root may exceed the limit, so another user tries.
	l := newLoop(t)
	c := spawn(t, l, publicly(t, file), argv, &childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody)), Dir: "/"})
	var tries []attempt
	require.NoError(t, json.Unmarshal([]byte(output(t, l, c)), &tries))
	require.Len(t, tries, 2)
	require.Contains(t, tries[0].Events, "stdout end")
	tries[0].Events = []string{tries[0].Events[0]}
	require.Equal(t, attempt{
		Errno: syscall.EAGAIN, Step: childprocess.StepResource, Events: []string{"error EAGAIN"}, Streams: true,
	}, tries[0])
	require.Zero(t, tries[1].Errno, "the limit is gone")
}

func TestAChildThatCannotBeWatchedHasNoPid(t *testing.T) {
	l := newLoop(t)
	require.Equal(t, "0 [error EMFILE close -24]", output(t, l, start(t, l, "unwatched")))
}

func TestChildThatCannotBeWatchedIsEnded(t *testing.T) {
	l := newLoop(t)
	if childprocess.SetExitWatch(l, childprocess.ExitWatchPidfd) != nil {
		t.Skip("only a pidfd has to be watched for each child")
	}
	var a attempt
	require.NoError(t, json.Unmarshal([]byte(output(t, l, start(t, l, "blind"))), &a))
	require.True(t, a.Returned)
	require.Equal(t, attempt{Returned: true, Errno: syscall.EINVAL, Step: childprocess.StepResource}, a)
}
