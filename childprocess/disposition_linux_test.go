package childprocess_test

import (
	"encoding/json"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	// ignore ignores the signals in its first argument. Then it writes three times its own signal
	// state, that of a child, and its own again. With a second argument the first of the children
	// cannot be started.
	helperproc.Register("ignore", func(args []string) {
		if list := signalList(args[0]); len(list) > 0 { // An empty list would mean all signals.
			signal.Ignore(list...)
		}
		writeAll(1, check(json.Marshal(observe(len(args) > 1))))
	})

	// nohup ignores the signals in its first argument and executes the program in the others, as
	// nohup(1) does.
	helperproc.Register("nohup", func(args []string) {
		signal.Ignore(signalList(args[0])...)
		fail(syscall.Exec(args[1], args[1:], os.Environ()))
	})

	// bombard ignores SIGHUP while SIGHUPs keep coming, and starts children.
	helperproc.Register("bombard", func([]string) {
		signal.Ignore(syscall.SIGHUP)
		stop := make(chan struct{})
		var sender sync.WaitGroup
		sender.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					check(0, unix.Kill(os.Getpid(), unix.SIGHUP))
				}
			}
		})
		l := check(openLoop())
		for range 100 {
			requireClean(childState(l, nil))
		}
		close(stop)
		sender.Wait()
	})

	// crossfire ignores SIGHUP and starts children on two loops at once.
	helperproc.Register("crossfire", func([]string) {
		signal.Ignore(syscall.SIGHUP)
		var loops sync.WaitGroup
		for range 2 {
			loops.Go(func() {
				l := check(openLoop())
				for range 50 {
					requireClean(childState(l, nil))
				}
				check(0, l.Close())
			})
		}
		loops.Wait()
		if !signal.Ignored(syscall.SIGHUP) || state("/proc/self/status").Ignored == 0 {
			helperproc.Exit(5)
		}
	})
}

// needOwnFork skips a test that syscall.ForkExec cannot pass, because its children inherit the
// signals that this program ignores. The arguments are the helper programs of the test.
func needOwnFork(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		helperproc.Command(name) // A skipped test counts as a user of its helpers.
	}
	if plainFork() {
		t.Skip("children of syscall.ForkExec inherit ignored signals")
	}
}

// requireClean fails in a helper program whose child did not start with clean signals.
func requireClean(s signalState) {
	if s != (signalState{}) {
		writeAll(2, check(json.Marshal(s)))
		helperproc.Exit(4)
	}
}

// signalState has the signals of a process as /proc shows them: bit n-1 is signal n. The mask is
// that of the main thread, so it describes only a program of one thread.
type signalState struct{ Blocked, Ignored uint64 }

// state reads a status file, see proc_pid_status(5).
func state(path string) signalState { return parseState(string(check(os.ReadFile(path)))) }

func parseState(status string) (s signalState) {
	for line := range strings.Lines(status) {
		name, mask, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		switch name {
		case "SigBlk":
			s.Blocked = check(strconv.ParseUint(mask, 16, 64))
		case "SigIgn":
			s.Ignored = check(strconv.ParseUint(mask, 16, 64))
		}
	}
	return s
}

// cleanState is the state of a new child: no signal is blocked, ignored or caught. But a child of
// syscall.ForkExec ignores the signals that this program ignores, and some versions of make(1)
// start programs that ignore the first real-time signals.
func cleanState(t testing.TB) signalState {
	t.Helper()
	if !plainFork() {
		return signalState{}
	}
	own, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	return signalState{Ignored: parseState(string(own)).Ignored}
}

// childState starts a child and returns its state. The child is no Go program, because the Go
// runtime changes its signals.
func childState(l *reactor.Loop, o *childprocess.Options) signalState {
	c := check(childprocess.Spawn(l, "/bin/cat", []string{"/proc/self/status"}, o))
	var text []byte
	c.Stdout.Collect(-1, func(data []byte, err error) { text = check(data, err) })
	check(0, l.Run())
	if s, _ := c.Status(); !s.Success() {
		writeAll(2, []byte(s.String()))
		helperproc.Exit(3)
	}
	return parseState(string(text))
}

// observation has three times the state of a parent, of its child, and of the parent afterwards.
type observation struct{ Before, Child, After [3]signalState }

func observe(failFirst bool) (o observation) {
	l := check(openLoop())
	if failFirst {
		events(check(childprocess.Spawn(l, "./nosuch", nil, nil)))
		check(0, l.Run())
	}
	for i := range o.Child {
		o.Before[i] = state("/proc/self/status")
		o.Child[i] = childState(l, nil)
		o.After[i] = state("/proc/self/status")
	}
	check(0, l.Close())
	return o
}

// signalList reads numbers separated by commas.
func signalList(list string) (sigs []os.Signal) {
	for number := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }) {
		sigs = append(sigs, syscall.Signal(check(strconv.Atoi(number))))
	}
	return sigs
}

func listText(list []syscall.Signal) string {
	var numbers []string
	for _, s := range list {
		numbers = append(numbers, strconv.Itoa(int(s)))
	}
	return strings.Join(numbers, ",")
}

func maskOf(list []syscall.Signal) (mask uint64) {
	for _, s := range list {
		mask |= 1 << (s - 1)
	}
	return mask
}

// ignorable are the signals that a program can ignore, except three real-time signals, which belong
// to the thread library and which Go does not touch, and SIGCHLD, because a program that ignores it
// has no children to wait for.
func ignorable() (list []syscall.Signal) {
	for s := syscall.Signal(1); s <= 64; s++ {
		switch s {
		case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGCHLD, syscall.SIGPROF, 32, 33, 34:
		case syscall.SIGILL, syscall.SIGTRAP, syscall.SIGBUS, syscall.SIGFPE, syscall.SIGSEGV, syscall.SIGSYS, syscall.SIGSTKFLT:
			// Faults.
		default:
			list = append(list, s)
		}
	}
	return list
}

func TestChildrenStartWithDefaultDispositionsAndTheParentsAreKept(t *testing.T) {
	needOwnFork(t, "ignore")
	for name, list := range map[string][]syscall.Signal{
		"nothing ignored": {},
		"SIGHUP":          {syscall.SIGHUP},
		"SIGINT":          {syscall.SIGINT},
		"SIGPIPE":         {syscall.SIGPIPE},
		"SIGTSTP":         {syscall.SIGTSTP},
		"SIGUSR1":         {syscall.SIGUSR1},
		"SIGTERM":         {syscall.SIGTERM},
		"job control":     {syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT},
		"a real-time one": {40},
		"everything":      ignorable(),
	} {
		t.Run(name, func(t *testing.T) {
			for _, args := range [][]string{{listText(list)}, {listText(list), "fail"}} {
				l := newLoop(t)
				var seen observation
				require.NoError(t, json.Unmarshal([]byte(output(t, l, start(t, l, "ignore", args...))), &seen))
				require.Equal(t, [3]signalState{}, seen.Child)
				for i := range seen.Before {
					require.Equal(t, maskOf(list), seen.Before[i].Ignored, "%x", seen.Before[i].Ignored)
					require.Equal(t, seen.Before[i].Ignored, seen.After[i].Ignored)
				}
			}
		})
	}
}

func TestChildrenStartWithDefaultDispositionsWhenTheParentInheritedOthers(t *testing.T) {
	needOwnFork(t, "ignore", "nohup")
	for name, list := range map[string][]syscall.Signal{
		"SIGHUP":      {syscall.SIGHUP},
		"SIGINT":      {syscall.SIGINT},
		"SIGPIPE":     {syscall.SIGPIPE},
		"SIGTSTP":     {syscall.SIGTSTP},
		"SIGUSR1":     {syscall.SIGUSR1},
		"job control": {syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT},
		"everything":  ignorable(),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			file, argv := helperproc.Command("ignore", "")
			c := start(t, l, "nohup", append([]string{listText(list), file}, argv...)...)
			var seen observation
			require.NoError(t, json.Unmarshal([]byte(output(t, l, c)), &seen))
			require.Equal(t, [3]signalState{}, seen.Child)
			for i := range seen.Before {
				require.Equal(t, seen.Before[0].Ignored, seen.Before[i].Ignored)
				require.Equal(t, seen.Before[0].Ignored, seen.After[i].Ignored)
			}
			// A Go program keeps SIG_IGN for a few signals; these must stay ignored.
			kept := slices.DeleteFunc(slices.Clone(list), func(s syscall.Signal) bool {
				return !slices.Contains([]syscall.Signal{
					syscall.SIGHUP, syscall.SIGINT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT,
				}, s)
			})
			require.Equal(t, maskOf(kept), seen.Before[0].Ignored, "%x", seen.Before[0].Ignored)
		})
	}
}

func TestIgnoredSignalStaysHarmlessWhileChildrenStart(t *testing.T) {
	needOwnFork(t, "bombard")
	l := newLoop(t)
	output(t, l, start(t, l, "bombard"))
}

func TestLoopsThatForkAtOnceKeepEachOthersChildrenClean(t *testing.T) {
	needOwnFork(t, "crossfire")
	l := newLoop(t)
	output(t, l, start(t, l, "crossfire"))
}

func TestChildrenStartWithAnEmptyMask(t *testing.T) {
	var blocked unix.Sigset_t
	// SIGCHLD is left out, because the loop may watch it.
	for _, s := range []syscall.Signal{syscall.SIGUSR1, syscall.SIGTERM, 40} {
		blocked.Val[(s-1)/wordBits] |= 1 << ((s - 1) % wordBits)
	}
	l := newLoop(t)
	var children []*childprocess.ChildProcess
	var texts []*string
	l.NextTick(func() {
		// With the first child the loop may block a signal, too.
		spawn(t, l, "/bin/true", nil, noPipes())
		require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, &blocked, nil))
		defer func() { require.NoError(t, unix.PthreadSigmask(unix.SIG_UNBLOCK, &blocked, nil)) }()
		var before, after unix.Sigset_t
		require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, nil, &before))
		for _, file := range []string{"/bin/cat", "/bin/cat", "./nosuch"} {
			c := spawn(t, l, file, []string{"/proc/self/status"}, nil)
			if file == "./nosuch" {
				events(c)
				continue
			}
			children, texts = append(children, c), append(texts, collect(t, c.Stdout))
		}
		require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, nil, &after))
		require.Equal(t, before, after, "the mask of the loop's thread")
	})
	run(t, l)
	for i := range children {
		require.Equal(t, cleanState(t), parseState(*texts[i]))
	}
}

// wordBits is the size of a word of a Sigset_t.
const wordBits = strconv.IntSize

func TestChildrenOfASignalCallbackStartClean(t *testing.T) {
	sandbox.Need(t, "signalfd4") // Without signalfds the loop blocks no signal.
	l := newLoop(t)
	const times = 3
	var texts []*string
	var w *signals.Watcher
	w, err := signals.Watch(l, syscall.SIGUSR1, func(syscall.Signal) {
		var mask unix.Sigset_t
		require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, nil, &mask))
		require.NotZero(t, mask.Val[0]&(1<<(syscall.SIGUSR1-1)), "the thread that forks blocks what is watched")
		c := spawn(t, l, "/bin/cat", []string{"/proc/self/status"}, nil)
		texts = append(texts, collect(t, c.Stdout))
		if len(texts) == times {
			w.Close()
			return
		}
		c.OnClose(func(childprocess.ExitStatus) { require.NoError(t, unix.Kill(os.Getpid(), syscall.SIGUSR1)) })
	})
	require.NoError(t, err)
	l.NextTick(func() { require.NoError(t, unix.Kill(os.Getpid(), syscall.SIGUSR1)) })
	run(t, l)
	require.Len(t, texts, times)
	for _, text := range texts {
		require.Equal(t, cleanState(t), parseState(*text))
	}
}

func TestChildrenStartCleanWhileSIGCHLDIsWatched(t *testing.T) {
	l := newLoop(t)
	require.NoError(t, childprocess.SetExitWatch(l, childprocess.ExitWatchSIGCHLD))
	for range 3 {
		var text *string
		l.NextTick(func() { // On the loop's thread, which blocks SIGCHLD by now.
			text = collect(t, spawn(t, l, "/bin/cat", []string{"/proc/self/status"}, nil).Stdout)
		})
		run(t, l)
		require.Equal(t, cleanState(t), parseState(*text))
	}
}
