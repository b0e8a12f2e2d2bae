//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor_test

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
)

const (
	rd = reactor.Readable
	wr = reactor.Writable
	hu = reactor.Hangup
	er = reactor.Error
)

// TestHangupsAndErrorsOfKqueue pins how near kqueue(2) comes to epoll(7): it is the same wherever
// the kernel reports enough.
//
//brood:checks S077
func TestHangupsAndErrorsOfKqueue(t *testing.T) {
	deadReader := func(t *testing.T) int {
		r, w := pipe(t)
		w.Close()
		return r.FD
	}
	deadWriter := func(t *testing.T) int {
		r, w := pipe(t)
		r.Close()
		return w.FD
	}
	halfClosed := func(t *testing.T) int {
		a, b := socketPair(t)
		require.NoError(t, unix.Shutdown(b.FD, unix.SHUT_WR))
		return a.FD
	}
	deadSocket := func(t *testing.T) int {
		a, b := socketPair(t)
		b.Close()
		return a.FD
	}
	for _, c := range []struct {
		name string
		open func(t *testing.T) int
		want reactor.Readiness
		got  []reactor.Readiness // one of them
	}{
		{"reader of a pipe whose writer is gone", deadReader, rd, []reactor.Readiness{rd | hu}},
		{"the same, watched for a hang-up", deadReader, hu, []reactor.Readiness{hu}},
		{"the same, watched for an error", deadReader, er, []reactor.Readiness{hu}},
		{"writer of a pipe whose reader is gone", deadWriter, wr, []reactor.Readiness{wr | er}},
		// Where both ends of a pipe are open for both, nothing shows that this is the writing end.
		{"the same, watched for a hang-up", deadWriter, hu, []reactor.Readiness{er, hu}},
		{"the same, watched for an error", deadWriter, er, []reactor.Readiness{er, hu}},
		{"half-closed socket", halfClosed, rd, []reactor.Readiness{rd}},
		{"half-closed socket, also watched for writing", halfClosed, rd | wr, []reactor.Readiness{rd | wr}},
		{"half-closed socket, watched for a hang-up too", halfClosed, rd | hu, []reactor.Readiness{rd | hu}},
		{"half-closed socket, watched for a hang-up only", halfClosed, hu, []reactor.Readiness{hu}},
		{"half-closed socket, watched for writing", halfClosed, wr, []reactor.Readiness{wr}},
		{"half-closed socket, watched for writing and a hang-up", halfClosed, wr | hu, []reactor.Readiness{wr | hu}},
		{"socket whose other end is gone", deadSocket, rd | wr, []reactor.Readiness{rd | wr | hu}},
		// One filter alone does not tell a closed socket from a half-closed one.
		{"socket whose other end is gone, watched for reading", deadSocket, rd, []reactor.Readiness{rd}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			var got readiness
			watcher := watch(t, l, c.open(t), c.want, got.note)
			require.Contains(t, c.got, got.after(t, l), "wanted %v", c.want)
			watcher.Close()
		})
	}
}

//brood:checks S077
func TestAWriterSeesThatItsReaderIsGone(t *testing.T) {
	for _, c := range []struct {
		name   string
		before bool // the reader closes before the writer is watched
		full   bool
	}{
		{"while it is watched", false, false},
		{"while it is watched and the pipe is full", false, true},
		{"before it is watched", true, false},
		{"before it is watched, with the pipe full", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLoop(t)
			r, w := pipe(t)
			for block := make([]byte, 4096); c.full; {
				if _, err := unix.Write(w.FD, block); err != nil {
					require.ErrorIs(t, err, unix.EAGAIN)
					break
				}
			}
			if c.before {
				r.Close()
			}
			var got reactor.Readiness
			var watcher *reactor.Watcher
			watcher = watch(t, l, w.FD, reactor.Writable, func(r reactor.Readiness) {
				if got |= r; got&reactor.Error != 0 {
					watcher.Close()
				}
			})
			r.Close()
			run(t, l)
			require.Equal(t, reactor.Writable|reactor.Error, got)
			_, err := unix.Write(w.FD, []byte("x"))
			require.ErrorIs(t, err, unix.EPIPE)
		})
	}
}

//brood:checks S077
func TestAWatcherOfAHangupSleepsThroughData(t *testing.T) {
	l := newLoop(t)
	r, w := pipe(t)
	w.WriteString("unread")
	var got readiness
	watcher := watch(t, l, r.FD, reactor.Hangup, got.note)
	l.SetTimeout(20*time.Millisecond, w.Close)
	for got.got == 0 {
		_, err := l.Poll(-1)
		require.NoError(t, err)
	}
	require.Equal(t, reactor.Hangup, got.got)
	require.LessOrEqual(t, l.Stats().Turns, uint64(6), "the data wakes it once")
	require.NoError(t, watcher.Set(reactor.Readable|reactor.Hangup))
	require.Equal(t, reactor.Readable|reactor.Hangup, got.after(t, l), "told anew to who wants more")
	require.Equal(t, "unread", r.ReadString())
	watcher.Close()
}

//brood:checks S077
func TestEveryChangeOfTheWantedReadinessTakesEffect(t *testing.T) {
	wants := []reactor.Readiness{rd, wr, rd | wr, hu, er, rd | hu, wr | hu, rd | wr | hu, hu | er}
	for _, from := range wants {
		for _, to := range wants {
			t.Run(from.String()+" to "+to.String(), func(t *testing.T) {
				l := newLoop(t)
				a, b := socketPair(t)
				b.WriteString("x")
				var got readiness
				w := watch(t, l, a.FD, from, got.note)
				require.Equal(t, from&(rd|wr), got.after(t, l))
				require.NoError(t, w.Set(to))
				require.Equal(t, to&(rd|wr), got.after(t, l))
				b.Close()
				require.Equal(t, to&(rd|wr|hu), got.after(t, l)&(to|er), "the end")
				require.NoError(t, w.Set(0))
				require.Zero(t, got.after(t, l))
				w.Close()
			})
		}
	}
}

func TestTheTwoFiltersOfADescriptorMakeOneCallback(t *testing.T) {
	l := newLoop(t)
	var calls []reactor.Readiness
	var watchers []*reactor.Watcher
	for range 3 {
		a, b := socketPair(t)
		b.WriteString("x")
		watchers = append(watchers, watch(t, l, a.FD, rd|wr, func(got reactor.Readiness) { calls = append(calls, got) }))
	}
	poll(t, l)
	require.Equal(t, []reactor.Readiness{rd | wr, rd | wr, rd | wr}, calls)
	for _, w := range watchers {
		w.Close()
	}
}

//brood:checks S077
func TestAKqueueRefusesToWatchItself(t *testing.T) {
	l := newLoop(t)
	_, err := l.Watch(l.FD(), reactor.Readable, func(reactor.Readiness) {})
	require.ErrorIs(t, err, unix.EINVAL)
}

func TestKqueueTakesTheLongestSleep(t *testing.T) {
	l := newLoop(t)
	timer := l.SetTimeout(math.MaxInt64, func() {})
	woken := false
	whenAsleep(l, func() { _ = l.Post(func() { woken = true }) })
	for !woken {
		_, err := l.Poll(math.MaxInt64)
		require.NoError(t, err)
	}
	timer.Stop()
}

func TestTokensTravelAsNumbers(t *testing.T) {
	slots := []uint32{0, 1, 2, 1000, reactor.MaxSlot}
	seen := map[uintptr]bool{0: true} // which is no watcher's
	for _, slot := range slots {
		for _, gen := range []uint32{0, 1, 2, 1<<16 - 1} {
			udata := reactor.Udata(slot, gen)
			require.False(t, seen[udata], "slot %d, generation %d", slot, gen)
			require.True(t, reactor.UdataSurvives(udata))
			seen[udata] = true
		}
	}
}

func TestHowFiltersAreRegistered(t *testing.T) {
	for _, c := range []struct {
		name        string
		kind        reactor.FDKind
		access      int
		want        reactor.Readiness
		read, write string
	}{
		{"socket, readable", reactor.KindSocket, 0, rd, "level", "off"},
		{"socket, writable", reactor.KindSocket, 0, wr, "off", "level"},
		{"socket, both", reactor.KindSocket, 0, rd | wr, "level", "level"},
		{"socket, hang-up", reactor.KindSocket, 0, hu, "guard", "off"},
		{"socket, error", reactor.KindSocket, 0, er, "guard", "off"},
		{"socket, writable and hang-up", reactor.KindSocket, 0, wr | hu, "guard", "level"},
		{"socket, readable and hang-up", reactor.KindSocket, 0, rd | hu, "level", "off"},
		{"terminal, hang-up", reactor.KindOther, 0, hu, "guard", "off"},
		{"edge-triggered", reactor.KindOther, 0, rd | wr | reactor.EdgeTriggered, "edge", "edge"},
		{"read end, readable", reactor.KindPipe, unix.O_RDONLY, rd, "level", "off"},
		{"read end, hang-up", reactor.KindPipe, unix.O_RDONLY, hu, "guard", "off"},
		{"write end, writable", reactor.KindPipe, unix.O_WRONLY, wr, "guard", "level"},
		{"write end, hang-up", reactor.KindPipe, unix.O_WRONLY, hu, "guard", "guard"},
		{"either end, writable", reactor.KindPipe, unix.O_RDWR, wr, "guard", "level"},
		{"either end, hang-up", reactor.KindPipe, unix.O_RDWR, hu, "guard", "off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			read, write := reactor.Filters(c.kind, c.access, c.want)
			require.Equal(t, []string{c.read, c.write}, []string{read, write}, "read, write")
		})
	}
}

func TestReadinessOfAKevent(t *testing.T) {
	const refused = uint32(unix.ECONNREFUSED)
	for _, c := range []struct {
		name   string
		kind   reactor.FDKind
		access int
		want   reactor.Readiness
		event  reactor.Event
		got    reactor.Readiness
	}{
		{"data", reactor.KindSocket, 0, rd | hu, reactor.Event{}, rd},
		{"room", reactor.KindSocket, 0, wr, reactor.Event{Write: true}, wr},
		{"the peer's end", reactor.KindSocket, 0, rd, reactor.Event{EOF: true}, rd},
		{"the peer's end, asked for", reactor.KindSocket, 0, wr | hu, reactor.Event{EOF: true}, rd | hu},
		{"our end", reactor.KindSocket, 0, wr, reactor.Event{Write: true, EOF: true}, rd | wr | hu},
		{"an error, by the read filter", reactor.KindSocket, 0, rd, reactor.Event{EOF: true, Fflags: refused}, rd | wr | hu | er},
		{"an error, by the write filter", reactor.KindSocket, 0, wr, reactor.Event{Write: true, EOF: true, Fflags: refused}, rd | wr | hu | er},
		{"a pipe without writers", reactor.KindPipe, unix.O_RDONLY, rd, reactor.Event{EOF: true}, rd | wr | hu},
		{"a pipe without readers", reactor.KindPipe, unix.O_WRONLY, wr, reactor.Event{Write: true, EOF: true}, rd | wr | er},
		{"a pipe without readers, by the guard", reactor.KindPipe, unix.O_WRONLY, wr, reactor.Event{EOF: true}, rd | wr | er},
		{"a pipe for both, used to write", reactor.KindPipe, unix.O_RDWR, wr | hu, reactor.Event{EOF: true}, rd | wr | er},
		{"a pipe for both, used to read", reactor.KindPipe, unix.O_RDWR, rd, reactor.Event{EOF: true}, rd | wr | hu},
		{"a pipe for both, not used", reactor.KindPipe, unix.O_RDWR, hu, reactor.Event{EOF: true}, rd | wr | hu},
		{"a terminal that is gone", reactor.KindOther, 0, rd, reactor.Event{EOF: true}, rd | wr | hu},
		{"a filter that failed", reactor.KindOther, 0, rd, reactor.Event{Failed: true}, rd | wr | er},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.got, reactor.ReadinessOf(c.kind, c.access, c.want, c.event))
		})
	}
}

func TestAnAlarmIsNeverEarlyAndHardlyLate(t *testing.T) {
	for _, d := range []time.Duration{
		2, time.Microsecond, time.Millisecond - 1, time.Millisecond, time.Millisecond + 1, time.Second - 1, time.Second,
		time.Second + 1, 90*time.Minute + 1, 24 * time.Hour,
	} {
		set := reactor.AlarmTime(d)
		require.GreaterOrEqual(t, set, d)
		require.Less(t, set, d+time.Millisecond)
	}
}
