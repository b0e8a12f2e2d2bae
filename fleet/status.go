package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"
)

// Version is the version of this package that agents report to `nats micro`.
const Version = "0.1.0"

// AgentStats are the state and the counts of an agent. `nats micro stats` shows them as the data of
// its endpoint. The counts are of events with the same name, since the agent's start.
type AgentStats struct {
	Agent   string   `json:"agent"`
	Queues  []string `json:"queues"`
	Slots   int      `json:"slots"`
	Running int      `json:"running"` // jobs that the agent has now
	// health of the pool, "healthy", "probing", "looping" or "ended"; "draining" once the agent
	// ends
	Health string `json:"health"`

	Started    uint64 `json:"started"`
	Done       uint64 `json:"done"`
	Failed     uint64 `json:"failed"`
	Released   uint64 `json:"released"`
	Dead       uint64 `json:"dead"`
	Cancelled  uint64 `json:"cancelled"`
	Lost       uint64 `json:"lost"`       // lost leases
	Duplicates uint64 `json:"duplicates"` // answers to jobs that had a result
	Errors     uint64 `json:"errors"`
}

// counts are the counts of AgentStats. Its methods are safe to call from any goroutine.
type counts struct {
	mu sync.Mutex
	n  AgentStats
}

func (c *counts) count(kind EventKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch kind {
	case EventStarted:
		c.n.Started++
	case EventDone:
		c.n.Done++
	case EventFailed:
		c.n.Failed++
	case EventReleased:
		c.n.Released++
	case EventDead:
		c.n.Dead++
	case EventCancelled:
		c.n.Cancelled++
	case EventLost:
		c.n.Lost++
	case EventDuplicate:
		c.n.Duplicates++
	case EventError:
		c.n.Errors++
	}
}

// snapshot returns the counts; the other fields are zero.
func (c *counts) snapshot() AgentStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

var healthNames = [...]string{healthy: "healthy", probing: "probing", looping: "looping", stopped: "ended"}

// Stats returns the state and the counts of the agent.
func (a *Agent) Stats() AgentStats {
	s := a.counts.snapshot()
	s.Agent = a.o.Name
	for _, q := range a.queues {
		s.Queues = append(s.Queues, q.name)
	}
	a.mu.Lock()
	s.Running = len(a.jobs)
	a.mu.Unlock()
	a.gate.mu.Lock()
	s.Health, s.Slots = healthNames[a.gate.health], a.gate.slots
	a.gate.mu.Unlock()
	if a.pulling.Err() != nil {
		s.Health = "draining"
	}
	return s
}

// serveStatus makes the agent answer `nats micro` and Fleet.Agents.
func (a *Agent) serveStatus() (err error) {
	names := a.f.names
	a.service, err = micro.AddService(a.f.nc, micro.Config{
		Name: names.service(), Version: Version, Description: "takes jobs of the fleet " + names.fleet,
		Metadata: map[string]string{"agent": a.o.Name}, QueueGroupDisabled: true,
		Endpoint: &micro.EndpointConfig{
			Subject: names.fleet + ".ctl.status." + a.o.Name,
			// The sender may have gone.
			Handler: micro.HandlerFunc(func(r micro.Request) { _ = r.RespondJSON(a.Stats()) }),
		},
		StatsHandler: func(*micro.Endpoint) any { return a.Stats() },
	})
	return err
}

// Agents asks all agents for their stats. It returns the answers that have come when none has come
// for wait; 0 is 250 ms. It needs the rights of RoleAdmin.
func (f *Fleet) Agents(ctx context.Context, wait time.Duration) ([]AgentStats, error) {
	if wait <= 0 {
		wait = 250 * time.Millisecond
	}
	ctx, cancel := f.limit(ctx)
	defer cancel()
	subject := "$SRV.STATS." + f.names.service()
	ctx, release := f.refusals.guard(ctx, func(refused string) bool { return refused == subject })
	defer release()
	inbox := f.nc.NewInbox()
	sub, err := f.nc.SubscribeSync(inbox)
	if err != nil {
		return nil, &OpError{"ask", "agents", errors.Join(ErrUnavailable, err)}
	}
	defer func() { _ = sub.Unsubscribe() }() // It fails if the connection is closed.
	if err := f.nc.PublishMsg(&nats.Msg{Subject: subject, Reply: inbox}); err != nil {
		return nil, &OpError{"ask", "agents", errors.Join(ErrUnavailable, err)}
	}
	var all []AgentStats
	for {
		next, done := context.WithTimeout(ctx, wait)
		msg, err := sub.NextMsgWithContext(next)
		done()
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				return all, &OpError{"ask", "agents", cause}
			}
			break // No answer came for wait.
		}
		var stats micro.Stats
		if len(msg.Data) == 0 || json.Unmarshal(msg.Data, &stats) != nil {
			continue // No agent, or another program.
		}
		for _, e := range stats.Endpoints {
			var s AgentStats
			if json.Unmarshal(e.Data, &s) == nil && s.Agent != "" {
				all = append(all, s)
			}
		}
	}
	slices.SortFunc(all, func(a, b AgentStats) int { return strings.Compare(a.Agent, b.Agent) })
	return all, nil
}
