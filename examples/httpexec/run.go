package main

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// A runner runs the commands. Its methods are for other goroutines than the loop's.
type runner struct {
	loop     *reactor.Loop
	commands map[string][]string
	places   chan struct{} // one in it for each command that runs
	grace    time.Duration // from SIGTERM to SIGKILL
}

// An event is a line that a command has written, or its end.
type event struct{ name, data string }

// run is the handler of one command.
func (r *runner) run(w http.ResponseWriter, req *http.Request) {
	command, ok := r.commands[req.PathValue("name")]
	if !ok {
		http.NotFound(w, req)
		return
	}
	select {
	case r.places <- struct{}{}:
		defer func() { <-r.places }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, "too many commands are running", http.StatusTooManyRequests)
		return
	}
	// It ends when the client has gone, or the server is to end.
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	child, err := r.start(ctx, command)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer context.AfterFunc(ctx, func() { r.cut(child) })() // Unless all is over before.
	out := newStream(w)
	gone := false
	// To its end, also when the client has gone: then the command is killed, and its end awaited.
	for e := range follow(child) {
		if !gone && out.send(e) != nil {
			gone = true
			cancel()
		}
	}
}

// start starts a command on the loop that owns it. The end of ctx ends it.
func (r *runner) start(ctx context.Context, command []string) (child *childprocess.ChildProcess, err error) {
	o := &childprocess.Options{
		Stdio:     []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
		Context:   ctx,
		KillGrace: r.grace,
		// It has a group of its own, which ^C passes by, and which ends with it.
		KillScope: childprocess.ScopeGroup,
		Pdeathsig: deathSignal,
	}
	failed := r.loop.Do(ctx, func() {
		child, err = childprocess.Spawn(r.loop, command[0], command[1:], o)
	})
	return child, errors.Join(failed, err)
}

// cut closes the pipes of a command that should have ended. A process that it started may have left
// its group and hold them, and would keep its place for ever.
func (r *runner) cut(child *childprocess.ChildProcess) {
	// On a closed loop the pipes are closed.
	_ = r.loop.Post(func() {
		r.loop.SetTimeout(r.grace+endLimit/2, func() {
			for _, s := range child.Stdio {
				if s.Readable != nil {
					s.Readable.Destroy(nil)
				}
			}
		}).Unref()
	})
}

// follow returns the output of a command, line by line, and its end. The loop reads little ahead of
// the receiver, and then the command waits. The receiver must receive all of it.
func follow(child *childprocess.ChildProcess) <-chan event {
	events := make(chan event)
	var readers sync.WaitGroup
	read := func(name string, from *streams.Readable) {
		if from == nil {
			return // The server is out of descriptors, and the command was not started.
		}
		readers.Go(func() { // It ends with the stream.
			for line, err := range from.Lines() {
				if err != nil {
					events <- event{"error", name + ": " + err.Error()}
					return
				}
				// A copy: line is another one in the next round.
				events <- event{name, string(line)}
			}
		})
	}
	read("stdout", child.Stdout)
	read("stderr", child.Stderr)
	go func() { // It ends with the command.
		defer close(events)
		readers.Wait()
		status, err := child.Wait(context.Background())
		if err != nil {
			events <- event{"error", err.Error()}
			return
		}
		events <- event{"exit", status.String()}
	}()
	return events
}
