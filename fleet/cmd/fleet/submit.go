package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/brood-go/brood/fleet"
)

const (
	// maxInFlight bounds the jobs that are being submitted or waited for.
	maxInFlight = 64

	// longestLine bounds a job on stdin, in bytes.
	longestLine = 64 << 20
)

// submitFlags are the arguments of the command submit.
type submitFlags struct {
	queue string
	o     fleet.JobOptions
	wait  bool
}

// submit queues jobs. With -wait it prints each answer when it comes.
func submit(p *program, args []string) error {
	f := newFlags(p, "submit")
	c := f.connection()
	var s submitFlags
	f.StringVar(&s.queue, "queue", "", "")
	f.StringVar(&s.o.ID, "id", "", "")
	f.StringVar(&s.o.Method, "method", "", "")
	f.StringVar(&s.o.Cron, "cron", "", "")
	f.DurationVar(&s.o.Delay, "delay", 0, "")
	f.DurationVar(&s.o.Timeout, "timeout", 0, "")
	f.IntVar(&s.o.MaxAttempts, "attempts", 0, "")
	f.BoolVar(&s.wait, "wait", false, "")
	if err := f.parse(args); err != nil {
		return err
	}
	jobs := f.Args()
	switch {
	case s.queue == "":
		return &usageError{"-queue is needed"}
	case len(jobs) == 0:
		return &usageError{"there is no job"}
	case s.o.ID != "" && (len(jobs) > 1 || jobs[0] == "-"):
		return &usageError{"-id is for one job"}
	case s.wait && s.o.Cron != "":
		return &usageError{"-wait is not for -cron"}
	}
	fl, err := c.dial(p)
	if err != nil {
		return err
	}
	defer fl.Close()
	ctx, cancel := p.untilSignal()
	defer cancel()
	return s.submitAll(ctx, p, fl, jobs)
}

// submitAll submits the jobs, up to maxInFlight at once.
func (s *submitFlags) submitAll(ctx context.Context, p *program, f *fleet.Fleet, jobs []string) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var mu sync.Mutex // above p.out and failed
	failed := false
	var running sync.WaitGroup
	inFlight := make(chan struct{}, maxInFlight)
	err := eachJob(p.in, jobs, func(text string) error {
		select {
		case inFlight <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		running.Go(func() { // It ends with its job; submitAll waits for it.
			defer func() { <-inFlight }()
			line, ok, err := s.submitOne(ctx, f, text)
			if err != nil {
				stop(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			failed = failed || !ok
			fmt.Fprintln(p.out, line)
		})
		return nil
	})
	running.Wait()
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil && failed {
		err = errJob
	}
	return err
}

// submitOne submits a job and returns its line of output. If ok is false, the job failed.
func (s *submitFlags) submitOne(ctx context.Context, f *fleet.Fleet, text string) (line string, ok bool, err error) {
	var job any = text
	if json.Valid([]byte(text)) {
		job = json.RawMessage(text)
	}
	o := s.o
	j, err := f.Submit(ctx, s.queue, job, &o)
	if err != nil {
		return "", false, err
	}
	if !s.wait {
		return j.ID(), true, nil
	}
	var answer json.RawMessage
	err = j.Wait(ctx, &answer)
	_, dead := errors.AsType[*fleet.DeadError](err)
	switch {
	case err == nil:
		return j.ID() + "\t" + string(answer), true, nil
	case dead, errors.Is(err, fleet.ErrCancelled):
		return j.ID() + "\t" + oneLine(err.Error()), false, nil
	}
	return "", false, err
}

// eachJob calls do with each job; "-" stands for the lines of stdin.
func eachJob(in io.Reader, jobs []string, do func(text string) error) error {
	for _, text := range jobs {
		if text != "-" {
			if err := do(text); err != nil {
				return err
			}
			continue
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, longestLine)
		for lines.Scan() {
			if err := do(lines.Text()); err != nil {
				return err
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
	}
	return nil
}
