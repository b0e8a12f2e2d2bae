package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/brood-go/brood/fleet"
)

// oneLine returns s without line breaks.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// status prints the queues and the agents.
func status(p *program, args []string) error {
	f := newFlags(p, "status")
	c := f.connection()
	var queues list
	f.Var(&queues, "queue", "")
	if err := f.parse(args); err != nil {
		return err
	}
	fl, err := c.dial(p)
	if err != nil {
		return err
	}
	defer fl.Close()
	ctx, cancel := p.untilSignal()
	defer cancel()
	names := []string(queues)
	if len(names) == 0 {
		if names, err = fl.Queues(ctx); err != nil {
			return err
		}
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "QUEUE\tWAITING\tRUNNING\tAGAIN\tPAUSED")
	for _, name := range names {
		q, err := fl.Queue(ctx, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%v\n", q.Name, q.Waiting, q.Running, q.Again, q.Paused.Round(time.Second))
	}
	agents, err := fl.Agents(ctx, 0)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "\nAGENT\tQUEUES\tHEALTH\tRUNNING\tSLOTS\tDONE\tFAILED\tDEAD\tLOST")
	for _, a := range agents {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\n",
			a.Agent, strings.Join(a.Queues, ","), a.Health, a.Running, a.Slots, a.Done, a.Failed, a.Dead, a.Lost)
	}
	return w.Flush()
}

func cancel(p *program, args []string) error {
	return withFleet(p, "cancel", args, 1, 2, func(fl *fleet.Fleet, args []string) error {
		reason := ""
		if len(args) > 1 {
			reason = args[1]
		}
		ctx, stop := p.untilSignal()
		defer stop()
		return fl.Await(args[0]).Cancel(ctx, reason)
	})
}

// withFleet connects and calls do, for a command without flags of its own. The command must have
// from least to most arguments.
func withFleet(p *program, name string, args []string, least, most int, do func(fl *fleet.Fleet, args []string) error) error {
	f := newFlags(p, name)
	c := f.connection()
	if err := f.parse(args); err != nil {
		return err
	}
	if n := f.NArg(); n < least || n > most {
		return &usageError{fmt.Sprintf("%d arguments", n)}
	}
	fl, err := c.dial(p)
	if err != nil {
		return err
	}
	defer fl.Close()
	return do(fl, f.Args())
}

// dead lists the dead jobs, or requeues some of them.
func dead(p *program, args []string) error {
	f := newFlags(p, "dead")
	c := f.connection()
	requeue, limit := f.Bool("requeue", false, ""), f.Int("limit", 0, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if *limit < 0 || !*requeue && f.NArg() > 0 || *requeue && f.NArg() == 0 {
		return &usageError{"ids are for -requeue, which needs some"}
	}
	fl, err := c.dial(p)
	if err != nil {
		return err
	}
	defer fl.Close()
	ctx, stop := p.untilSignal()
	defer stop()
	for _, id := range f.Args() {
		j, err := fl.Requeue(ctx, id)
		if err != nil {
			return err
		}
		fmt.Fprintln(p.out, j.ID())
	}
	if *requeue {
		return nil
	}
	jobs, err := fl.Dead(ctx, "", *limit)
	if err != nil {
		return err
	}
	for _, d := range jobs {
		fmt.Fprintf(p.out, "%s\t%s\t%s\tattempt %d\t%s\n", d.ID, d.Queue, d.Kind, d.Attempt, oneLine(d.Reason))
	}
	return nil
}

func drain(p *program, args []string) error {
	f := newFlags(p, "drain")
	c := f.connection()
	grace := f.Duration("grace", 30*time.Second, "")
	if err := f.parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 || *grace < 0 {
		return &usageError{"one agent is needed, and no negative -grace"}
	}
	fl, err := c.dial(p)
	if err != nil {
		return err
	}
	defer fl.Close()
	ctx, stop := p.untilSignal()
	defer stop()
	return fl.DrainAgent(ctx, f.Arg(0), *grace)
}
