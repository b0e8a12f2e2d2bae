package reactor_test

import (
	"errors"
	"io/fs"
	"math"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// socketPair returns both ends of a stream socket, non-blocking.
func socketPair(t testing.TB) (a, b *descriptor) {
	t.Helper()
	x, y, err := fd.SocketPair()
	require.NoError(t, err)
	a, b = fdtest.Own(t, x), fdtest.Own(t, y)
	require.NoError(t, fd.SetNonblock(a.FD, true))
	require.NoError(t, fd.SetNonblock(b.FD, true))
	return a, b
}

// readiness is the last readiness that a watcher got.
type readiness struct{ got reactor.Readiness }

func (r *readiness) note(got reactor.Readiness) { r.got |= got }

// after runs one turn of l and returns the readiness of that turn.
func (r *readiness) after(t testing.TB, l *reactor.Loop) reactor.Readiness {
	t.Helper()
	r.got = 0
	poll(t, l)
	return r.got
}

//brood:checks S077
func TestASocketIsWatchedBothWays(t *testing.T) {
	l := newLoop(t)
	a, b := socketPair(t)
	var r readiness
	w := watch(t, l, a.FD, reactor.Readable|reactor.Writable, r.note)
	require.Equal(t, reactor.Writable, r.after(t, l))
	b.WriteString("ping")
	require.Equal(t, reactor.Readable|reactor.Writable, r.after(t, l))
	require.NoError(t, w.Set(reactor.Readable))
	require.Equal(t, reactor.Readable, r.after(t, l))
	require.NoError(t, w.Set(reactor.Writable))
	require.Equal(t, reactor.Writable, r.after(t, l), "what is not wanted is not told")
	require.NoError(t, w.Set(reactor.Readable))
	require.Equal(t, "ping", a.ReadString())
	require.Zero(t, r.after(t, l), "everything was read")
	b.Close()
	require.NotZero(t, r.after(t, l)&reactor.Readable, "the end is readable")
	require.Empty(t, a.ReadString())
	w.Close()
}

//brood:checks S077
func TestAHalfClosedSocketIsReadableAtItsEndAndStillWritable(t *testing.T) {
	l := newLoop(t)
	a, b := socketPair(t)
	var r readiness
	w := watch(t, l, a.FD, reactor.Readable|reactor.Writable, r.note)
	b.WriteString("last")
	require.NoError(t, unix.Shutdown(b.FD, unix.SHUT_WR))
	require.Equal(t, reactor.Readable|reactor.Writable, r.after(t, l)&(reactor.Readable|reactor.Writable))
	require.Equal(t, "last", a.ReadString())
	require.Empty(t, a.ReadString(), "the end")
	require.Equal(t, reactor.Readable|reactor.Writable, r.after(t, l)&(reactor.Readable|reactor.Writable))
	a.WriteString("answer")
	require.Equal(t, "answer", b.ReadString())
	w.Close()
}

func TestReadinessIsReportedEveryTurnWhileItLasts(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	w.WriteString("abc")
	calls := 0
	watcher := watch(t, l, r.FD, reactor.Readable, func(got reactor.Readiness) {
		require.Equal(t, reactor.Readable, got)
		calls++
	})
	for turn := range 5 {
		poll(t, l)
		require.Equal(t, turn+1, calls)
	}
	r.ReadString()
	poll(t, l)
	require.Equal(t, 5, calls)
	watcher.Close()
}

func TestAWriterIsCalledWhenThereIsRoomAgain(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	var err error
	for block := make([]byte, 4096); err == nil; {
		_, err = unix.Write(w.FD, block)
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	var got readiness
	watcher := watch(t, l, w.FD, reactor.Writable, got.note)
	require.Zero(t, got.after(t, l), "full")
	for block := make([]byte, 1<<16); ; {
		if _, err = unix.Read(r.FD, block); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, unix.EAGAIN)
	require.Equal(t, reactor.Writable, got.after(t, l))
	watcher.Close()
}

func TestAWatcherClosedByAnEarlierCallbackOfItsPollStaysSilent(t *testing.T) {
	for name, silence := range map[string]func(w *reactor.Watcher){
		"closed":   func(w *reactor.Watcher) { w.Close() },
		"set to 0": func(w *reactor.Watcher) { _ = w.Set(0) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			calls := 0
			var watchers []*reactor.Watcher
			for range 3 {
				watchers = append(watchers, watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) {
					calls++
					for _, w := range watchers {
						silence(w)
					}
				}))
			}
			for range 2 {
				watchers = append(watchers, watch(t, l, fdtest.Open(t, "/dev/null").FD, reactor.Readable, func(reactor.Readiness) { calls++ }))
			}
			run(t, l)
			require.Equal(t, 1, calls)
		})
	}
}

func TestAWatcherTakesPartFromTheNextPollOn(t *testing.T) {
	l := newLoop(t)
	var j journal
	watchOnce(t, l, readyPipe(t), func() {
		j.Add("first")
		watchOnce(t, l, readyPipe(t), j.Note("pipe"))
		watchOnce(t, l, fdtest.Open(t, "/dev/null"), j.Note("file"))
		l.QueueClosing(j.Note("turn"))
	})
	run(t, l)
	require.Equal(t, []string{"first"}, j.Entries[:1])
	require.ElementsMatch(t, []string{"turn", "pipe", "file"}, j.Entries[1:])
}

// TestAHangupThatIsNotWaitedForDoesNotSpin: an idle watcher gets no hang-up, so that a paused
// reader costs nothing.
func TestAHangupThatIsNotWaitedForDoesNotSpin(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	a, b := socketPair(t)
	fail := func(got reactor.Readiness) { t.Errorf("an idle watcher was told %v", got) }
	idle := watch(t, l, r.FD, 0, fail)
	paused := watch(t, l, a.FD, reactor.Readable|reactor.Writable, fail)
	require.NoError(t, paused.Set(0))
	w.Close()
	b.Close()
	timer := l.SetTimeout(20*time.Millisecond, func() {})
	run(t, l)
	require.False(t, timer.Stop())
	require.LessOrEqual(t, l.Stats().Turns, uint64(4), "one sleep, with allowance for interruptions")

	ended := false
	for _, w := range []*reactor.Watcher{idle, paused} {
		w.Close()
	}
	watchOnce(t, l, r, func() { ended = true })
	run(t, l)
	require.True(t, ended, "and it is told when waited for")
}

// TestRefAndUnrefOfAWatcherCountOnce checks the refs.
func TestRefAndUnrefOfAWatcherCountOnce(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	w := watch(t, l, r.FD, 0, func(reactor.Readiness) {})
	refs := func(want int, when string) {
		t.Helper()
		require.Equal(t, want, l.Stats().Refs, when)
	}
	refs(0, "idle")
	require.NoError(t, w.Set(0))
	refs(0, "idle again")
	require.NoError(t, w.Set(reactor.Readable))
	refs(1, "active")
	require.NoError(t, w.Set(reactor.Readable))
	require.NoError(t, w.Set(reactor.Readable|reactor.Writable))
	w.Ref()
	refs(1, "active, changed")
	w.Unref()
	w.Unref()
	refs(0, "unref'd")
	require.NoError(t, w.Set(0))
	refs(0, "idle, unref'd")
	w.Ref()
	refs(0, "idle, ref'd")
	require.NoError(t, w.Set(reactor.Readable))
	refs(1, "active")
	w.Close()
	refs(0, "closed")
	w.Close()
	w.Unref()
	w.Ref()
	refs(0, "closed twice")
	require.ErrorIs(t, w.Set(reactor.Readable), reactor.ErrClosed)
	require.ErrorIs(t, w.Set(0), reactor.ErrClosed)
	refs(0, "set after Close")
}

func TestAnUnreffedWatcherIsCalledWhileSomethingElseKeepsRunAlive(t *testing.T) {
	l := newLoop(t)
	calls := 0
	w := watch(t, l, readyPipe(t).FD, reactor.Readable, func(reactor.Readiness) { calls++ })
	w.Unref()
	run(t, l)
	require.Zero(t, calls)
	l.SetTimeout(time.Millisecond, func() {})
	run(t, l)
	require.Positive(t, calls)
}

func TestWatchRefusesWithATypedError(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	gone, _ := pipe(t)
	goneFD := gone.FD
	gone.Close()
	defer watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {}).Close()
	watchers := l.Stats().Watchers
	for _, c := range []struct {
		name string
		fd   int
		want reactor.Readiness
		err  syscall.Errno
	}{
		{"negative", -1, reactor.Readable, unix.EBADF},
		{"very negative", math.MinInt32, reactor.Readable, unix.EBADF},
		{"negative and idle", -1, 0, unix.EBADF},
		{"closed", goneFD, reactor.Readable, unix.EBADF},
		{"closed and idle", goneFD, 0, unix.EBADF},
		{"never open", 1 << 20, reactor.Writable, unix.EBADF},
		{"watched already", r.FD, reactor.Readable, unix.EEXIST},
		{"watched already, for something else", r.FD, reactor.Writable, unix.EEXIST},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := l.Watch(c.fd, c.want, func(reactor.Readiness) {})
			require.Nil(t, w)
			require.ErrorIs(t, err, c.err)
			opErr, ok := errors.AsType[*reactor.OpError](err)
			require.True(t, ok, "%T", err)
			require.Equal(t, &reactor.OpError{Op: "watch", FD: c.fd, Err: c.err}, opErr)
			require.Equal(t, watchers, l.Stats().Watchers, "the watcher that was refused is gone")
		})
	}
	_, err := l.Watch(r.FD, reactor.Readable, func(reactor.Readiness) {})
	require.ErrorIs(t, err, fs.ErrExist)
}

func TestASecondWatcherMayTakeOverADescriptorWhenTheFirstIsIdle(t *testing.T) {
	l := newLoop(t)
	r := readyPipe(t)
	var j journal
	first := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) { j.Add("first") })
	second := watch(t, l, r.FD, 0, func(reactor.Readiness) { j.Add("second") })
	require.ErrorIs(t, second.Set(reactor.Readable), unix.EEXIST)
	require.Equal(t, 1, l.Stats().Refs, "the second stayed idle")
	require.NoError(t, first.Set(0))
	require.NoError(t, second.Set(reactor.Readable))
	require.ErrorIs(t, first.Set(reactor.Readable), unix.EEXIST)
	poll(t, l)
	first.Close()
	poll(t, l)
	j.Wants(t, "second second")
	second.Close()
}

func TestWatchersUseTheirSlotsAgain(t *testing.T) {
	l := newLoop(t)
	r := readyPipe(t)
	slots := l.WatcherSlots()
	for range 10_000 {
		watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {}).Close()
	}
	require.LessOrEqual(t, l.WatcherSlots(), slots+1)
}

func TestReadinessReadsAsItsNames(t *testing.T) {
	for r, want := range map[reactor.Readiness]string{
		0:                                 "none",
		reactor.Readable:                  "readable",
		reactor.Writable | reactor.Hangup: "writable|hangup",
		reactor.Readable | reactor.Error:  "readable|error",
		reactor.Readiness(math.MaxUint8):  "readable|writable|hangup|error",
	} {
		require.Equal(t, want, r.String())
	}
}
