package fleet_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// recorder keeps the events of an agent.
type recorder struct{ events chan fleet.Event }

func newRecorder() *recorder { return &recorder{make(chan fleet.Event, 10_000)} }

func (r *recorder) on(e fleet.Event) { r.events <- e }

func (r *recorder) next(t testing.TB, kind fleet.EventKind) fleet.Event {
	t.Helper()
	for {
		select {
		case e := <-r.events:
			if e.Kind == kind {
				return e
			}
		case <-ctx(t).Done():
			require.Fail(t, "hangs", "no event %q", kind)
		}
	}
}

// beats returns a subscription to the heartbeats for jobs of a queue.
func beats(t testing.TB, s *fleet.Server, queue string) *nats.Subscription {
	t.Helper()
	nc, _ := raw(t, s)
	sub, err := nc.SubscribeSync("$JS.ACK.fleet_jobs." + queue + ".>")
	require.NoError(t, err)
	require.NoError(t, nc.Flush())
	return sub
}

func nextBeat(t testing.TB, sub *nats.Subscription) {
	t.Helper()
	for {
		msg, err := sub.NextMsgWithContext(ctx(t))
		require.NoError(t, err)
		if string(msg.Data) == "+WPI" {
			return
		}
	}
}

//brood:checks W126
func TestHeartbeatsKeepALongJobAlsoWhileItsAgentDrains(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	sub := beats(t, s, "mail")
	log, g := filepath.Join(t.TempDir(), "log"), newGate(t)
	a := agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	agent(t, dial(t, s, fleet.Options{}), 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, f, "mail", job{Log: log, Held: g.path}, nil)
	for range 4 { // Longer than AckWait.
		nextBeat(t, sub)
	}
	drained := make(chan *fleet.DrainReport, 1)
	// It ends with the job, which the test waits for.
	go func() { drained <- a.Drain(context.Background()) }()
	for range 4 {
		nextBeat(t, sub)
	}
	g.open()
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, 1, r.Attempt)
	times, err := ran(log)
	require.NoError(t, err)
	require.Equal(t, map[string]int{r.ID: 1}, times)
	<-drained
}

//brood:checks W126
func TestNoHeartbeatsForALoopThatStandsStill(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	l, p := newPool(t, pool.Options{Max: 1, CancelGrace: 100 * time.Millisecond, KillGrace: -1})
	agentOf(t, f, l, p, fleet.AgentOptions{Name: "stuck", Queues: queues("mail"), OnEvent: rec.on})
	g := newGate(t)
	j := submit(t, f, "mail", job{Held: g.path, Echo: 1}, nil)
	rec.next(t, fleet.EventStarted)
	release := make(chan struct{})
	require.NoError(t, l.Post(func() { <-release }))
	defer close(release)

	agent(t, dial(t, s, fleet.Options{}), 1, fleet.AgentOptions{Name: "well", Queues: queues("mail")})
	require.Equal(t, "default."+j.ID(), rec.next(t, fleet.EventLost).ID)
	g.open()
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, "well", r.Agent)
	require.Equal(t, 2, r.Attempt)
}

//brood:checks W127
func TestAnotherAgentTakesOverWithinAckWait(t *testing.T) {
	const slack = time.Second
	l := quick("mail")
	l.AckWait = 2 * time.Second
	s := serve(t, l)
	f := dial(t, s, fleet.Options{})
	sub := beats(t, s, "mail")
	victim := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}})
	g := newGate(t)
	submit(t, f, "mail", job{Held: g.path}, nil)
	victim.until("started")
	nextBeat(t, sub)
	beat := time.Now()
	victim.kill()
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	rec.next(t, fleet.EventStarted)
	require.Less(t, time.Since(beat), l.AckWait+slack)
	require.Greater(t, time.Since(beat), l.AckWait/2, "not before it was over")
	g.open()
}

//brood:checks W127
func TestADeadMachineTakesJobsForNoLongerThanItsPulls(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	log := filepath.Join(t.TempDir(), "log")
	// It stands still with its connection open, like a machine without power.
	victim := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}, Workers: 2})
	victim.signal(syscall.SIGSTOP)
	var all []*fleet.Job
	for range 6 {
		all = append(all, submit(t, f, "mail", job{Log: log}, nil))
	}
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	for _, j := range all {
		require.NoError(t, j.Wait(ctx(t), nil))
	}
	times, err := ran(log)
	require.NoError(t, err)
	require.Len(t, times, 6)
	for id, n := range times {
		require.Equal(t, 1, n, id)
	}
	victim.signal(syscall.SIGCONT)
}

//brood:checks W128
func TestAnAgentThatStoodStillForAckWaitKillsItsChild(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	log := filepath.Join(t.TempDir(), "log")
	victim := start(t, agentConfig{URL: s.URL(), Name: "victim", Queues: []string{"mail"}})
	j := submit(t, f, "mail", job{Log: log, Hang: true}, nil)
	victim.until("started")
	eventually(t, "the child has begun", func() bool { times, err := ran(log); return err == nil && len(times) == 1 })
	victim.signal(syscall.SIGSTOP)
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	require.Equal(t, 2, rec.next(t, fleet.EventStarted).Attempt)
	victim.signal(syscall.SIGCONT)
	victim.until("lost lease default." + j.ID())
	require.NoError(t, j.Cancel(ctx(t), "enough"))
	require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
	info, err := j.Info(ctx(t))
	require.NoError(t, err)
	require.Equal(t, 1, info.LostLeases)
	times, err := ran(log)
	require.NoError(t, err)
	require.Equal(t, 2, times["default."+j.ID()])
}

//brood:checks W128
func TestTheFirstStoredResultWinsAndTheSecondIsReported(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	log := filepath.Join(t.TempDir(), "log")
	// The child has answered, and the agent stops before it stores the answer.
	victim := start(t, agentConfig{URL: s.URL(), Name: "victim", Queues: []string{"mail"}, StopAt: "storing"})
	j := submit(t, f, "mail", job{Log: log, Echo: 1}, &fleet.JobOptions{ID: "a"})
	victim.until("started")
	rec := newRecorder()
	second := agent(t, f, 1, fleet.AgentOptions{Name: "second", Queues: queues("mail"), OnEvent: rec.on})
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, "second", r.Agent)
	require.Equal(t, fleet.Tries{Attempt: 2, Lost: 1}, r.Tries)
	victim.signal(syscall.SIGCONT)
	victim.until("duplicate default.a")
	eventually(t, "the duplicate is counted", func() bool {
		info, err := j.Info(ctx(t))
		require.NoError(t, err)
		return info.State == fleet.StateDone && info.Duplicates == 1
	})
	again, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, r, again, "it is still the first")
	second.Close()
}

//brood:checks W128
func TestAnAnswerAfterTheLeaseWasLostIsMarked(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	victim := start(t, agentConfig{URL: s.URL(), Name: "victim", Queues: []string{"mail"}, StopAt: "answered"})
	j := submit(t, f, "mail", job{Echo: 1}, nil)
	victim.until("started")
	// No other agent takes the job, but the lease ends.
	eventually(t, "the server takes the job back", func() bool {
		info, err := f.Queue(ctx(t), "mail")
		require.NoError(t, err)
		return info.Running == 1 && pulledAndGivenBack(t, s)
	})
	victim.signal(syscall.SIGCONT)
	victim.until("lost lease")
	r, err := j.Result(ctx(t))
	require.NoError(t, err)
	require.True(t, r.LostLease)
	require.Equal(t, 1, r.Attempt)
	victim.until("done")
	require.True(t, idle(t, f, "mail"), "whoever gets it next takes it off the queue without running it")
}

// pulledAndGivenBack takes the job as another client and gives it back, which shows that the job is
// free.
func pulledAndGivenBack(t testing.TB, s *fleet.Server) bool {
	t.Helper()
	_, js := raw(t, s)
	c, err := js.Consumer(ctx(t), "fleet_jobs", "mail")
	require.NoError(t, err)
	batch, err := c.FetchNoWait(1)
	require.NoError(t, err)
	for msg := range batch.Messages() {
		require.NoError(t, msg.Nak())
		return true
	}
	return false
}

//brood:checks W129
func TestFailuresReleasesAndLostMachinesAreCountedApart(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	g := newGate(t)
	j := submit(t, f, "mail", job{Held: g.path, Fail: "no"}, &fleet.JobOptions{MaxAttempts: 2})

	drained := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}})
	drained.until("started")
	require.NoError(t, f.DrainAgent(ctx(t), agentName(t, f), 0))
	drained.until("released")
	drained.drain()

	fails := start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}, DieAt: "acknowledged"})
	fails.until("started")
	g.open()
	fails.until("failed")
	fails.until("started")
	fails.kill()

	a := agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	defer a.Close()
	eventually(t, "it runs again", func() bool { return a.Stats().Running == 1 })
	g.open()
	dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.Tries{Attempt: 4, Failures: 2, Lost: 1}, dead.Tries)
}

func agentName(t testing.TB, f *fleet.Fleet) (name string) {
	t.Helper()
	eventually(t, "an agent answers", func() bool {
		all, err := f.Agents(ctx(t), 0)
		require.NoError(t, err)
		if len(all) == 1 {
			name = all[0].Agent
		}
		return name != ""
	})
	return name
}

//brood:checks W129
func TestAFailedJobWaits(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), RetryMin: 500 * time.Millisecond, OnEvent: rec.on})
	submit(t, f, "mail", job{Fail: "no"}, &fleet.JobOptions{MaxAttempts: 3})
	rec.next(t, fleet.EventFailed)
	first := time.Now()
	rec.next(t, fleet.EventFailed)
	second := time.Now()
	rec.next(t, fleet.EventDead)
	require.Greater(t, second.Sub(first), 350*time.Millisecond)
	require.Greater(t, time.Since(second), 700*time.Millisecond, "twice as long")
}

//brood:checks W130
func TestAJobThatTakesTwoMachinesWithItIsDead(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	j := submit(t, f, "mail", job{Hang: true}, nil)
	for range 2 {
		died(t, start(t, agentConfig{URL: s.URL(), Queues: []string{"mail"}, DieAt: "started"}))
	}
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadLost, dead.Kind)
	require.Equal(t, fleet.Tries{Attempt: 3, Lost: 2}, dead.Tries)
	require.True(t, strings.Contains(dead.Reason, "2 agents were lost"), dead.Reason)
}

//brood:checks W128
func TestTheAckWaitOfAQueueIsNotShortenedUnderItsAgents(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.AckWait = 30 * time.Second
	s := serve(t, l)
	f := dial(t, s, fleet.Options{})
	a := agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), PullWait: time.Second})
	g := newGate(t)
	j := submit(t, f, "mail", job{Held: g.path, Echo: 1}, nil)
	eventually(t, "it runs", func() bool { return a.Stats().Running == 1 })
	// Otherwise the agent would send its next heartbeat long after the server had given the job
	// away.
	o, ok := errors.AsType[*fleet.OptionError](f.AddQueue(ctx(t), "mail", &fleet.QueueOptions{AckWait: 200 * time.Millisecond}))
	require.True(t, ok)
	require.Equal(t, "AckWait", o.Option)
	o, ok = errors.AsType[*fleet.OptionError](f.Setup(ctx(t), quick("mail")))
	require.True(t, ok)
	require.Equal(t, "AckWait", o.Option)
	require.NoError(t, f.AddQueue(ctx(t), "mail", &fleet.QueueOptions{AckWait: time.Minute}), "longer is safe")
	g.open()
	require.NoError(t, j.Wait(ctx(t), nil))
	a.Close()
	eventually(t, "its pulls are over", func() bool {
		return f.AddQueue(ctx(t), "mail", &fleet.QueueOptions{AckWait: 200 * time.Millisecond}) == nil
	})
}

//brood:checks W135
func TestAnAgentWhoseLoopStandsStillTakesNoMoreJobs(t *testing.T) {
	t.Parallel()
	lay := quick("mail")
	lay.AckWait = 300 * time.Millisecond
	s := serve(t, lay)
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	l, p := newPool(t, poolOptions(1))
	agentOf(t, f, l, p, fleet.AgentOptions{Name: "stuck", Queues: queues("mail"), OnEvent: rec.on, Slots: 1})
	_, js := raw(t, s)
	// Before the request it checks that the loop turns.
	eventually(t, "the agent asks for a job", func() bool {
		queue, err := js.Consumer(ctx(t), "fleet_jobs", "mail")
		require.NoError(t, err)
		return queue.CachedInfo().NumWaiting > 0
	})
	release := make(chan struct{})
	require.NoError(t, l.Post(func() { <-release }))
	t.Cleanup(func() { close(release) })
	first := submit(t, f, "mail", job{}, nil)
	rec.next(t, fleet.EventStarted)
	rec.next(t, fleet.EventLost)
	agent(t, dial(t, s, fleet.Options{}), 1, fleet.AgentOptions{Name: "well", Queues: queues("mail")})
	for range 20 {
		require.NoError(t, submit(t, f, "mail", job{}, nil).Wait(ctx(t), nil))
	}
	require.NoError(t, first.Wait(ctx(t), nil))
	for len(rec.events) > 0 {
		require.NotEqual(t, fleet.EventStarted, (<-rec.events).Kind)
	}
}

func TestAnAgentWhoseLoopIsClosedIsPaused(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	l, err := reactor.New(looptest.Options())
	require.NoError(t, err)
	p, err := pool.New(l, &pool.Options{Self: "worker", Max: 1})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }() // It ends when the pool is stopped, below.
	rec := newRecorder()
	a, err := f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("mail"), OnEvent: rec.on, PullWait: 100 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, l.Post(func() { p.Stop(nil, func(*pool.StopReport) { l.Stop() }) }))
	require.NoError(t, <-ended)
	require.NoError(t, l.Close())
	require.Error(t, rec.next(t, fleet.EventPaused).Err)
	require.Equal(t, "ended", a.Stats().Health)
	j := submit(t, f, "mail", job{}, nil)
	agent(t, f, 1, fleet.AgentOptions{Name: "well", Queues: queues("mail")})
	require.NoError(t, j.Wait(ctx(t), nil))
}
