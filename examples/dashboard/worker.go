package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// jobWorker is the name of the worker.
const jobWorker = "work"

var workers = childprocess.Workers{jobWorker: func(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": work})
}}

// A task has a worker do nothing for so long.
type task struct {
	Took time.Duration `json:"took"` // nanoseconds
}

// slow is how long a job takes of which the worker says so.
const slow = 80 * time.Millisecond

func work(ctx context.Context, j *pool.Job) (any, error) {
	var t task
	if err := j.Decode(&t); err != nil {
		return nil, err
	}
	over := time.NewTimer(t.Took)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if t.Took >= slow {
		fmt.Fprintf(os.Stderr, "job %d was slow: %s\n", j.ID(), t.Took.Round(time.Millisecond))
	}
	return nil, nil
}
