package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/micro"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

//brood:checks W124
func TestAnAgentFetchesExactlyItsFreeSlots(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	agent(t, f, 2, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	gates := map[string]*gate{}
	for range 5 {
		g := newGate(t)
		gates["default."+submit(t, f, "mail", job{Held: g.path}, nil).ID()] = g
	}
	var running []string
	for range 2 {
		running = append(running, rec.next(t, fleet.EventStarted).ID)
	}
	for left := 3; left >= 0; left-- {
		waiting(t, f, "mail", uint64(left)) // Other agents can take the rest.
		info, err := f.Queue(ctx(t), "mail")
		require.NoError(t, err)
		require.Equal(t, 2, info.Running)
		gates[running[0]].open()
		require.Equal(t, running[0], rec.next(t, fleet.EventDone).ID)
		if running = running[1:]; left > 0 {
			running = append(running, rec.next(t, fleet.EventStarted).ID)
		}
	}
	gates[running[0]].open()
}

//brood:checks W134
func TestAStrictAgentEmptiesTheFirstQueueFirst(t *testing.T) {
	f := dial(t, serve(t, quick("high", "low")), fleet.Options{})
	for range 4 {
		submit(t, f, "low", job{}, nil)
		submit(t, f, "high", job{}, nil)
	}
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("high", "low"), Strict: true, OnEvent: rec.on})
	var order []string
	for range 8 {
		order = append(order, rec.next(t, fleet.EventDone).Queue)
	}
	require.Equal(t, "high high high high low low low low", strings.Join(order, " "))
	submit(t, f, "low", job{}, nil)
	require.Equal(t, "low", rec.next(t, fleet.EventDone).Queue)
}

//brood:checks W134
func TestWeightsAreSharesAndStarveNoQueue(t *testing.T) {
	f := dial(t, serve(t, quick("much", "little")), fleet.Options{})
	const n = 60
	for range n {
		submit(t, f, "much", 1, nil)
		submit(t, f, "little", 1, nil)
	}
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: []fleet.QueueShare{{Name: "much", Weight: 4}, {Name: "little"}}, MaxAttempts: 1, OnEvent: rec.on})
	count := map[string]int{}
	for range n {
		// The jobs are numbers, which the worker refuses.
		count[rec.next(t, fleet.EventDead).Queue]++
	}
	// 48 and 12 are expected, with a standard deviation of 3.
	require.Greater(t, count["much"], 30, "%v", count)
	require.Greater(t, count["little"], 0, "%v", count)
}

//brood:checks W135
func TestAPoolInACrashLoopDrainsNoQueue(t *testing.T) {
	t.Parallel()
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	l, p := newPool(t, pool.Options{Max: 1, Backoff: pool.Backoff{Min: time.Millisecond, Max: 20 * time.Millisecond}})
	well := filepath.Join(t.TempDir(), "well")
	for range 20 {
		submit(t, f, "mail", job{Unless: well, Die: "broken"}, &fleet.JobOptions{MaxAttempts: 2})
	}
	rec := newRecorder()
	a := agentOf(t, f, l, p, fleet.AgentOptions{Queues: queues("mail"), RetryMin: time.Hour, OnEvent: rec.on})
	paused := rec.next(t, fleet.EventPaused)
	_, ok := errors.AsType[*pool.CrashLoopError](paused.Err)
	require.True(t, ok, "%v", paused.Err)
	for range 3 { // It tries a job now and then, which does not count.
		rec.next(t, fleet.EventReleased)
	}
	require.Zero(t, a.Stats().Dead)
	require.LessOrEqual(t, a.Stats().Failed, uint64(11), "those before it was a loop")

	require.NoError(t, os.WriteFile(well, nil, 0o600))
	rec.next(t, fleet.EventResumed)
	done := 0
	eventually(t, "those that did not fail are done", func() bool { done = int(a.Stats().Done); return done >= 20-int(a.Stats().Failed) })
	require.Zero(t, a.Stats().Dead)
}

//brood:checks W136
func TestDrainLetsJobsFinishAndReleasesTheRest(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	rec := newRecorder()
	a := agent(t, f, 2, fleet.AgentOptions{Name: "ends", Queues: queues("mail"), OnEvent: rec.on})
	g := newGate(t)
	finishes := submit(t, f, "mail", job{Held: g.path, Echo: 1}, nil)
	hangs := submit(t, f, "mail", job{Hang: true}, nil)
	rec.next(t, fleet.EventStarted)
	rec.next(t, fleet.EventStarted)
	c, cancel := context.WithCancel(ctx(t))
	report := make(chan *fleet.DrainReport, 1)
	go func() { report <- a.Drain(c) }() // It ends with the context, which is cancelled below.
	eventually(t, "it drains", func() bool { return a.Stats().Health == "draining" })
	waits := submit(t, f, "mail", job{Echo: 2}, nil)
	g.open()
	require.Equal(t, "default."+finishes.ID(), rec.next(t, fleet.EventDone).ID)
	eventually(t, "one is left", func() bool { return a.Stats().Running == 1 })
	waiting(t, f, "mail", 1) // It takes no further job.
	cancel()
	require.Equal(t, &fleet.DrainReport{Finished: 1, Released: 1}, <-report)
	<-a.Done()

	next := newRecorder()
	agent(t, f, 2, fleet.AgentOptions{Name: "next", Queues: queues("mail"), OnEvent: next.on})
	e := next.next(t, fleet.EventStarted)
	if e.ID != "default."+hangs.ID() {
		e = next.next(t, fleet.EventStarted)
	}
	require.Equal(t, fleet.Tries{Attempt: 2}, e.Tries, "it counts neither as a failure nor as a loss")
	require.NoError(t, waits.Wait(ctx(t), nil))
}

//brood:checks W140
func TestAPausedQueueGivesOutNoJob(t *testing.T) {
	f := dial(t, serve(t, quick("mail", "mark")), fleet.Options{})
	rec := newRecorder()
	agent(t, f, 2, fleet.AgentOptions{Queues: queues("mail", "mark"), OnEvent: rec.on})
	require.NoError(t, f.Pause(ctx(t), "mail", time.Hour))
	info, err := f.Queue(ctx(t), "mail")
	require.NoError(t, err)
	require.Greater(t, info.Paused, 50*time.Minute)
	j := submit(t, f, "mail", job{}, nil)
	for range 10 {
		require.NoError(t, submit(t, f, "mark", job{}, nil).Wait(ctx(t), nil))
		require.Equal(t, "mark", rec.next(t, fleet.EventStarted).Queue)
	}
	require.NoError(t, f.Resume(ctx(t), "mail"))
	require.NoError(t, j.Wait(ctx(t), nil))
	_, ok := f.Pause(ctx(t), "mail", 0).(*fleet.OptionError)
	require.True(t, ok)
	require.ErrorIs(t, f.Pause(ctx(t), "nosuch", time.Hour), fleet.ErrNotSetUp)
}

//brood:checks W140
func TestAgentsAnswerNatsMicro(t *testing.T) {
	s := serve(t, quick("mail"))
	f := dial(t, s, fleet.Options{})
	agent(t, f, 2, fleet.AgentOptions{Name: "one", Queues: queues("mail")})
	require.NoError(t, submit(t, f, "mail", job{}, nil).Wait(ctx(t), nil))
	nc, _ := raw(t, s)
	for verb, want := range map[micro.Verb]string{micro.PingVerb: "fleet-agent", micro.InfoVerb: "fleet.ctl.status.one", micro.StatsVerb: `"queues":["mail"]`} {
		subject, err := micro.ControlSubject(verb, "fleet-agent", "")
		require.NoError(t, err)
		msg, err := nc.RequestWithContext(ctx(t), subject, nil)
		require.NoError(t, err, subject)
		require.Contains(t, string(msg.Data), want)
	}
	all, err := f.Agents(ctx(t), 0)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.EqualValues(t, 1, all[0].Started)
	require.Equal(t, "healthy", all[0].Health)
	require.ErrorIs(t, f.DrainAgent(ctx(t), "nosuch", 0), fleet.ErrNotFound)
}

func TestProgressComesBeforeTheResult(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	g := newGate(t)
	j := submit(t, f, "mail", job{Held: g.path, Says: []int{1, 2, 3}}, nil)
	told := make(chan string, 10)
	stop, err := f.Await(j.ID()).Progress(func(text json.RawMessage) { told <- string(text) })
	require.NoError(t, err)
	defer stop()
	second := submit(t, f, "mail", job{Says: []int{4, 5}}, nil)
	stopSecond, err := second.Progress(func(text json.RawMessage) { told <- string(text) })
	require.NoError(t, err)
	defer stopSecond()
	g.open()
	require.NoError(t, second.Wait(ctx(t), nil))
	last := ""
	for last != "5" {
		last = <-told
	}
}

func TestBadAgentOptionsAreRefusedAtOnce(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	l, p := newPool(t, pool.Options{Max: 1})
	for name, c := range map[string]struct {
		o    fleet.AgentOptions
		want string
	}{
		"no loop":   {fleet.AgentOptions{Queues: queues("mail")}, "AgentOptions.Loop"},
		"no queue":  {fleet.AgentOptions{Loop: l}, "AgentOptions.Queues"},
		"twice":     {fleet.AgentOptions{Loop: l, Queues: queues("mail", "mail")}, "AgentOptions.Queues"},
		"weight":    {fleet.AgentOptions{Loop: l, Queues: []fleet.QueueShare{{Name: "mail", Weight: -1}}}, "AgentOptions.Queues"},
		"name":      {fleet.AgentOptions{Loop: l, Queues: queues("mail"), Name: "a.b"}, "AgentOptions.Name"},
		"slots":     {fleet.AgentOptions{Loop: l, Queues: queues("mail"), Slots: -1}, "AgentOptions.Slots"},
		"pull wait": {fleet.AgentOptions{Loop: l, Queues: queues("mail"), PullWait: -1}, "AgentOptions.PullWait"},
		"retries":   {fleet.AgentOptions{Loop: l, Queues: queues("mail"), RetryMin: 2, RetryMax: 1}, "AgentOptions.RetryMax"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Agent(p, &c.o)
			o, ok := errors.AsType[*fleet.OptionError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.want, o.Option)
		})
	}
	_, err := f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("nosuch")})
	require.ErrorIs(t, err, fleet.ErrNotSetUp)
}

//brood:checks W134
func TestASlotThatWaitsForAnotherQueueIsNoReasonToWait(t *testing.T) {
	t.Parallel()
	l := quick("high", "low")
	l.AckWait = 30 * time.Second // Pulls wait for a third of that.
	f := dial(t, serve(t, l), fleet.Options{})
	for _, strict := range []bool{true, false} {
		rec := newRecorder()
		a := agent(t, f, 2, fleet.AgentOptions{Queues: queues("high", "low"), Strict: strict, Slots: 2, OnEvent: rec.on})
		for range 3 {
			began := time.Now()
			gates := []*gate{newGate(t), newGate(t)}
			for _, g := range gates {
				submit(t, f, "high", job{Held: g.path}, nil)
				rec.next(t, fleet.EventStarted)
			}
			require.Less(t, time.Since(began), 5*time.Second)
			for _, g := range gates {
				g.open()
				rec.next(t, fleet.EventDone)
			}
		}
		a.Close()
	}
}

func TestAPoolThatCannotStartIsAnErrorOrAnEventAtOnce(t *testing.T) {
	f := dial(t, serve(t, quick("mail")), fleet.Options{})
	l, err := reactor.New(looptest.Options())
	require.NoError(t, err)
	release := l.Hold()
	p, err := pool.New(l, &pool.Options{Module: filepath.Join(t.TempDir(), "nosuch"), Max: 1})
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- l.Run() }() // It ends with the hold, below.
	rec := newRecorder()
	began, err := f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("mail"), OnEvent: rec.on})
	if err == nil { // It returned before the pool failed.
		err = rec.next(t, fleet.EventPaused).Err
		began.Close()
	}
	_, ok := errors.AsType[*pool.StartError](err)
	require.True(t, ok, "%v", err)
	_, err = f.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("mail")})
	_, ok = errors.AsType[*pool.StartError](err)
	require.True(t, ok, "%v", err)
	release()
	require.NoError(t, <-ended)
	require.NoError(t, l.Close())
}
