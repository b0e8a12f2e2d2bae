package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// ErrTerminated is the cause with which the contexts of handlers end that run on for longer than
// [ServeOptions].Grace after SIGTERM.
var ErrTerminated = errors.New("pool: the worker was told to end")

// ending is the end of a worker. Its state only moves down the list.
type ending struct {
	state    serveState
	gone     bool                    // the channel has ended
	tornDown bool                    // Teardown has returned
	ctx      context.Context         // of the handlers on the loop
	stop     context.CancelCauseFunc // of ctx
	cause    error                   // why it ends
	patience *reactor.Timer          // see lose; nil: it may take for ever
	release  func()                  // lets the loop end
}

type serveState uint8

const (
	serving serveState = iota
	// no further job is begun; those that run finish, and their answers are sent
	serveStopping
	serveTearingDown // everything is answered: Teardown runs, and the channel ends
	serveEnded       // the loop was stopped, or closed
)

func (e *ending) init() { e.ctx, e.stop = context.WithCancelCause(context.Background()) }

// terminate is called on SIGTERM. The parent is asked for no more jobs; those that come all the
// same are its to give to others when this worker has gone.
func (s *server) terminate() {
	if s.ending.state != serving {
		s.stopHandlers(ErrTerminated)
		return
	}
	s.door.notice([]byte(`{"retire":true}`))
	s.end(ErrTerminated)
	s.flush()
}

// disconnected is called when the channel has ended.
func (s *server) disconnected() {
	s.ending.gone = true
	s.door.fail(ipc.ErrChannelClosed)
	s.end(ipc.ErrChannelClosed)
	s.flush()
	s.over()
}

// end begins no further job. The first cause counts.
func (s *server) end(cause error) {
	if s.ending.state != serving {
		return
	}
	s.ending.state = serveStopping
	s.ending.cause = cause
	s.ending.release = s.loop.Hold()
	for _, j := range s.door.withdrawAll() {
		j.attachment.release()
		s.settle(outgoing{job: j})
	}
	if s.o.Grace >= 0 {
		s.ending.patience = s.loop.SetTimeout(s.o.Grace, s.lose)
	}
}

// lose loses patience: first with the handlers, then with a parent that does not read their
// answers.
func (s *server) lose() {
	s.stopHandlers(s.ending.cause)
	s.ending.patience = s.loop.SetTimeout(s.o.Grace, s.parent.Destroy)
}

// stopHandlers ends the contexts of the handlers that run.
func (s *server) stopHandlers(cause error) {
	for _, j := range s.jobs {
		j.stop(cause)
	}
	s.ending.stop(cause)
}

// finish goes on when the last job of a worker that is to end was answered.
func (s *server) finish() {
	if s.ending.state != serveStopping || len(s.jobs) > 0 || !s.outbox.empty() || !s.door.empty() {
		return
	}
	s.ending.state = serveTearingDown
	if s.parent.Connected() {
		s.parent.Resume() // Its end is to be heard.
		s.parent.Disconnect()
	}
	switch {
	case s.o.Teardown == nil:
		s.ending.tornDown = true
		s.over()
	case s.o.handlesOnLoop():
		s.afterTeardown(s.tearDown())
	default:
		// It ends when Teardown returns. The loop waits for it, see end.
		go func() {
			err := s.tearDown()
			_ = s.loop.Post(func() { s.afterTeardown(err) }) // A closed loop does not want to know.
		}()
	}
}

// tearDown calls Teardown.
func (s *server) tearDown() (err error) {
	ctx := context.Background()
	if s.o.Grace >= 0 {
		limited, cancel := context.WithTimeout(ctx, s.o.Grace)
		defer cancel()
		ctx = limited
	}
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	return s.o.Teardown(ctx)
}

func (s *server) afterTeardown(err error) {
	if err != nil {
		s.report(fmt.Errorf("pool: teardown: %w", err))
	}
	s.ending.tornDown = true
	s.over()
}

// over stops the loop when nothing is left to do on it.
func (s *server) over() {
	if s.ending.state != serveTearingDown || !s.ending.tornDown || !s.ending.gone {
		return
	}
	s.ending.state = serveEnded
	if s.ending.patience != nil {
		s.ending.patience.Stop()
	}
	s.door.close(ipc.ErrChannelClosed)
	s.ending.release()
	s.loop.Stop()
}
