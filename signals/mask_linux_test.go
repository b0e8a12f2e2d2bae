package signals_test

import (
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/signals"
)

// mask returns a mask line, such as SigBlk, of a status file of /proc.
func mask(t testing.TB, status []byte, line string) uint64 {
	t.Helper()
	for text := range strings.Lines(string(status)) {
		if digits, ok := strings.CutPrefix(text, line+":"); ok {
			m, err := strconv.ParseUint(strings.TrimSpace(digits), 16, 64)
			require.NoError(t, err)
			return m
		}
	}
	require.Fail(t, "no such line", "%s in %s", line, status)
	return 0
}

// threadMask returns the signal mask of the calling thread.
func threadMask(t testing.TB) uint64 {
	t.Helper()
	status, err := os.ReadFile("/proc/thread-self/status")
	require.NoError(t, err)
	return mask(t, status, "SigBlk")
}

func bit(s signals.Signal) uint64 { return 1 << (s - 1) }

func TestTheThreadBlocksTheSignalsOnlyInsideRun(t *testing.T) {
	needSignalfd(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadMask(t)
	require.Zero(t, before&(bit(usr1)|bit(usr2)|bit(syscall.SIGURG)))

	l := newLoop(t)
	w := watch(t, l, usr1, func(signals.Signal) {})
	urgent := watch(t, l, syscall.SIGURG, func(signals.Signal) {})
	require.Equal(t, before, threadMask(t))
	_, err := l.Poll(0)
	require.NoError(t, err)
	for _, step := range []func(){
		func() {
			require.Equal(t, before|bit(usr1), threadMask(t))
			l.Stop()
		},
		func() {
			l.Stop()
			more := watch(t, l, usr2, func(signals.Signal) {})
			require.Equal(t, before|bit(usr1)|bit(usr2), threadMask(t))
			more.Close()
			require.Equal(t, before|bit(usr1), threadMask(t))
		},
		func() {
			l.Stop()
			w.Close()
			urgent.Close()
			require.Equal(t, before, threadMask(t))
			w = watch(t, l, usr2, func(signals.Signal) {})
			require.Equal(t, before|bit(usr2), threadMask(t))
			urgent = watch(t, l, syscall.SIGURG, func(signals.Signal) {})
		},
		func() { panic("unwinds out of Run") },
	} {
		l.NextTick(step)
		func() {
			defer func() { _ = recover() }()
			run(t, l)
		}()
		require.False(t, t.Failed())
		require.Equal(t, before, threadMask(t))
	}
	w.Close()
	urgent.Close()
	run(t, l)
}

func TestAMaskFromBeforeIsLeftAlone(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old unix.Sigset_t
	set.Val[0] = 1 << (usr1 - 1)
	require.NoError(t, unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old))
	defer func() { require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil)) }()
	before := threadMask(t)

	l := newLoop(t)
	var w *signals.Watcher
	w = watch(t, l, usr1, func(signals.Signal) { w.Close() })
	send(t, usr1)
	run(t, l)
	require.Equal(t, before, threadMask(t))
}

// The package comment asks programs to call os/exec on another goroutine.
func TestAProgramStartedOnAnotherGoroutineHasAnEmptyMask(t *testing.T) {
	needSignalfd(t)
	l := newLoop(t)
	w := watch(t, l, usr1, func(signals.Signal) {})
	childMask := func() uint64 {
		out, err := exec.Command("/bin/cat", "/proc/self/status").Output()
		require.NoError(t, err)
		return mask(t, out, "SigBlk")
	}
	l.NextTick(func() {
		require.Equal(t, bit(usr1), childMask())
		elsewhere := make(chan uint64)
		go func() { elsewhere <- childMask() }()
		require.Zero(t, <-elsewhere)
		w.Close()
	})
	run(t, l)
}

// Others may see such a signal twice. The loop has it at least once.
func TestASignalIsNotLostWhenACallbackUnblocksTheThread(t *testing.T) {
	for _, s := range []signals.Signal{usr1, 40} {
		others := notify(t, s)
		l := newLoop(t)
		got := 0
		var w *signals.Watcher
		w = watch(t, l, s, func(signals.Signal) {
			got++
			w.Close()
		})
		l.NextTick(func() {
			send(t, s)
			receive(t, others, "the signal")
			awaitForward(t, l, s, 1)
			var empty, old unix.Sigset_t
			require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &empty, &old))
			require.NoError(t, unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil))
		})
		run(t, l)
		require.Equal(t, 1, got)
	}
}
