package reactor_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// modelTimer is a timer of the model: a deadline, and the number of the call that set it.
type modelTimer struct {
	timer    *reactor.Timer
	delay    time.Duration
	interval bool
	unrefed  bool
	set      bool
	when     time.Time
	order    int
}

// timerModel does the same to a plain list and to a loop, and checks each firing against the list.
type timerModel struct {
	t      *testing.T
	seed   uint64
	r      *rand.Rand
	l      *reactor.Loop
	clock  *manualClock
	timers []*modelTimer
	orders int
	now    time.Time // of the turn
	limit  int       // timers set later than this do not fire in this turn
	fired  int
}

func (m *timerModel) arm(x *modelTimer) {
	m.orders++
	x.set, x.order, x.when = true, m.orders, m.clock.now.Add(max(x.delay, 0))
}

// due returns the timer that must fire next, nil if the turn has none left.
func (m *timerModel) due() *modelTimer {
	var first *modelTimer
	for _, x := range m.timers {
		if !x.set || x.when.After(m.now) || x.order > m.limit {
			continue
		}
		if first == nil || x.when.Before(first.when) || x.when.Equal(first.when) && x.order < first.order {
			first = x
		}
	}
	return first
}

func (m *timerModel) onFire(x *modelTimer) {
	m.fired++
	if due := m.due(); due != x {
		require.Same(m.t, due, x, "seed %d, firing %d", m.seed, m.fired)
	}
	x.set = false
	if x.interval {
		m.arm(x)
	}
	if m.r.IntN(3) == 0 {
		m.clock.advance(max(m.delay(), 0) / 2)
	}
	for range m.r.IntN(3) {
		m.act()
	}
}

// delay returns one of few delays, so that deadlines often are equal.
func (m *timerModel) delay() time.Duration { return time.Duration(m.r.IntN(8)-1) * time.Millisecond }

// act does one thing to the loop and to the list.
func (m *timerModel) act() {
	var x *modelTimer
	if len(m.timers) > 0 {
		x = m.timers[m.r.IntN(len(m.timers))]
	}
	switch op := m.r.IntN(10); {
	case op < 3 && len(m.timers) < 200 || x == nil:
		m.add()
	case op < 5:
		require.Equal(m.t, x.set, x.timer.Stop(), "seed %d: Stop", m.seed)
		x.set = false
	case op < 7:
		x.delay = m.delay()
		require.Equal(m.t, x.set, x.timer.Reset(x.delay), "seed %d: Reset", m.seed)
		m.arm(x)
	case op == 7:
		x.timer.Ref()
		x.unrefed = false
	case op == 8:
		x.timer.Unref()
		x.unrefed = true
	default:
		m.clock.advance(m.delay() + time.Millisecond)
	}
}

func (m *timerModel) add() {
	x := &modelTimer{delay: m.delay(), interval: m.r.IntN(4) == 0}
	m.timers = append(m.timers, x)
	fire := func() { m.onFire(x) }
	if x.interval {
		x.timer = m.l.SetInterval(x.delay, fire)
	} else {
		x.timer = m.l.SetTimeout(x.delay, fire)
	}
	m.arm(x)
}

func (m *timerModel) turn() {
	m.now, m.limit = m.clock.now, m.orders
	alive := poll(m.t, m.l)
	require.Nil(m.t, m.due(), "seed %d: a timer that was due did not fire", m.seed)
	set, refs := 0, 0
	for _, x := range m.timers {
		if x.set {
			set++
			if !x.unrefed {
				refs++
			}
		}
	}
	stats := m.l.Stats()
	require.Equal(m.t, []int{set, refs}, []int{stats.Timers, stats.Refs}, "seed %d: timers and refs", m.seed)
	require.Equal(m.t, refs > 0, alive, "seed %d: alive", m.seed)
}

func TestTimersDoWhatANaiveModelDoes(t *testing.T) {
	fired := 0
	for seed := range uint64(50) {
		l := newLoop(t)
		m := &timerModel{t: t, seed: seed, r: rand.New(rand.NewPCG(seed, 0)), l: l, clock: stopClock(l)}
		for range 300 {
			for range m.r.IntN(6) {
				m.act()
			}
			m.turn()
		}
		for _, x := range m.timers {
			x.timer.Stop()
		}
		require.False(t, l.Alive(), "seed %d", seed)
		fired += m.fired
	}
	require.Greater(t, fired, 5_000, "the seeds have to lead somewhere")
}
