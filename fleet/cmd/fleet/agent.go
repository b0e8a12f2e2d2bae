package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// agentFlags are the arguments of the command agent.
type agentFlags struct {
	*connection
	o       fleet.AgentOptions
	n       int
	lines   bool
	grace   time.Duration
	command []string
}

// parseAgent reads the arguments. A mistake is a *usageError.
func parseAgent(p *program, args []string) (*agentFlags, error) {
	f := newFlags(p, "agent")
	a := &agentFlags{connection: f.connection()}
	var queues list
	f.Var(&queues, "queue", "")
	f.StringVar(&a.o.Name, "agent", "", "")
	f.IntVar(&a.n, "n", 0, "")
	f.IntVar(&a.o.MaxAttempts, "attempts", 0, "")
	f.BoolVar(&a.o.Strict, "strict", false, "")
	f.BoolVar(&a.lines, "lines", false, "")
	f.DurationVar(&a.grace, "grace", 30*time.Second, "")
	if err := f.parse(args); err != nil {
		return nil, err
	}
	for _, q := range queues {
		name, weight, found := strings.Cut(q, ":")
		share := fleet.QueueShare{Name: name}
		if found {
			n, err := strconv.Atoi(weight)
			if err != nil || n < 1 {
				return nil, &usageError{"-queue: no weight: " + weight}
			}
			share.Weight = n
		}
		a.o.Queues = append(a.o.Queues, share)
	}
	a.command = f.Args()
	switch {
	case len(a.command) == 0:
		return nil, &usageError{"there is no worker command"}
	case len(a.o.Queues) == 0:
		return nil, &usageError{"-queue is needed"}
	case a.n < 0 || a.grace < 0:
		return nil, &usageError{"-n and -grace are not negative"}
	}
	return a, nil
}

// agent runs an agent until a signal comes, or it is drained.
func agent(p *program, args []string) error {
	a, err := parseAgent(p, args)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(a.command[0]); err != nil {
		return err
	}
	l, err := reactor.New(&reactor.Options{Logger: slog.New(slog.NewTextHandler(p.err, nil))})
	if err != nil {
		return err
	}
	defer l.Close()
	workers, err := pool.New(l, a.pool())
	if err != nil {
		return err
	}
	// A pool that cannot start its workers would let the loop end.
	release := l.Hold()
	done := make(chan error, 1)
	// This goroutine ends when the agent has ended. It stops the pool, which ends the loop; the
	// last line of agent waits for it.
	go func() {
		err := a.run(p, l, workers)
		// Only agent closes the loop, after this.
		_ = l.Post(func() { workers.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: -1}, nil) })
		release()
		done <- err
	}()
	if err := l.Run(); err != nil {
		return err
	}
	return <-done
}

// pool returns the options of the workers.
func (a *agentFlags) pool() *pool.Options {
	env := append(environ(), "FLEET_WORKER=1")
	o := &pool.Options{Max: a.n, Fork: &childprocess.ForkOptions{Options: childprocess.Options{Env: env}}}
	if a.lines {
		o.Module, o.Args, o.Protocol = a.command[0], a.command[1:], pool.Lines
	} else {
		o.Self, o.Args = "each", a.command
	}
	return o
}

// run takes jobs until a signal comes, the agent is drained, or its workers never start.
func (a *agentFlags) run(p *program, l *reactor.Loop, workers *pool.Pool) error {
	f, err := a.dial(p)
	if err != nil {
		return err
	}
	defer f.Close()
	a.o.Loop = l
	// An agent whose pool is in a crash loop goes on. If its workers never start, it ends.
	neverStarted := make(chan error, 1)
	a.o.OnEvent = func(e fleet.Event) {
		if _, ok := errors.AsType[*pool.StartError](e.Err); ok && e.Kind == fleet.EventPaused {
			select {
			case neverStarted <- e.Err:
			default: // One is enough.
			}
		}
	}
	agent, err := f.Agent(workers, &a.o)
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "taking jobs as", agent.Name())
	select {
	case <-p.signals:
	case <-agent.Done():
		return nil
	case err := <-neverStarted:
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), a.grace)
	defer stop()
	// It ends with the signal, or with the program.
	go func() {
		<-p.signals
		stop()
	}()
	report := agent.Drain(ctx)
	fmt.Fprintf(p.out, "jobs finished: %d, given back: %d\n", report.Finished, report.Released)
	return nil
}
