package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// each is a worker that runs a command for each job.
func each(l *reactor.Loop, parent *ipc.Channel, command []string) error {
	return pool.Serve(l, parent, pool.Handlers{"": func(ctx context.Context, j *pool.Job) (any, error) {
		var t fleet.Task
		if err := j.Decode(&t); err != nil {
			return nil, err
		}
		return runEach(ctx, &t, command)
	}})
}

// runEach runs the command for a job. If the job is cancelled, the command's process group is
// killed.
func runEach(ctx context.Context, t *fleet.Task, command []string) (any, error) {
	o := &childprocess.RunOptions{MaxBuffer: pool.DefaultMaxResult, Input: bytes.NewReader(t.Job)}
	o.Env = append(environ(), "FLEET_JOB="+t.ID, "FLEET_QUEUE="+t.Queue, "FLEET_ATTEMPT="+strconv.Itoa(t.Attempt))
	o.Detached, o.KillScope = true, childprocess.ScopeGroup
	out, err := childprocess.OutputWith(ctx, o, command[0], command[1:]...)
	if exit, ok := errors.AsType[*childprocess.ExitError](err); ok && exit.Err == nil {
		text := exit.Status.String()
		if last := strings.TrimSpace(string(exit.Stderr)); last != "" {
			text += ": " + last
		}
		return nil, errors.New(text)
	}
	// The command may exit without reading its job.
	if exit, ok := errors.AsType[*childprocess.ExitError](err); ok && exit.Status.Success() && ctx.Err() == nil {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	out = bytes.TrimSpace(out)
	if len(out) > 0 && json.Valid(out) {
		return json.RawMessage(out), nil
	}
	return strings.ToValidUTF8(string(out), "\uFFFD"), nil
}
