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

// shutdown is the end of a worker. Its state only moves down the list.
type shutdown struct {
	state        serveState
	disconnected bool                    // the channel has ended
	tornDown     bool                    // Teardown has returned
	ctx          context.Context         // of the handlers on the loop
	cancel       context.CancelCauseFunc // of ctx
	cause        error                   // why it ends
	graceTimer   *reactor.Timer          // see lose; nil: it may take for ever
	release      func()                  // lets the loop end
}

type serveState uint8

const (
	serving serveState = iota
	// no further job is begun; those that run finish, and their answers are sent
	serveStopping
	serveTearingDown // everything is answered: Teardown runs, and the channel ends
	serveStopped     // the loop was stopped, or closed
)

func (e *shutdown) init() { e.ctx, e.cancel = context.WithCancelCause(context.Background()) }

// onSIGTERM is called on SIGTERM. The parent is asked for no more jobs; those that come all the
// same are its to give to others when this worker has gone.
func (s *server) onSIGTERM() {
	if s.shutdown.state != serving {
		s.stopHandlers(ErrTerminated)
		return
	}
	s.door.notice([]byte(`{"retire":true}`))
	s.beginShutdown(ErrTerminated)
	s.flush()
}

// onDisconnect is called when the channel has ended.
func (s *server) onDisconnect() {
	s.shutdown.disconnected = true
	s.door.refuseSends(ipc.ErrChannelClosed)
	s.beginShutdown(ipc.ErrChannelClosed)
	s.flush()
	s.stopLoopWhenDone()
}

// shutDown begins no further job. The first cause counts.
func (s *server) beginShutdown(cause error) {
	if s.shutdown.state != serving {
		return
	}
	s.shutdown.state = serveStopping
	s.shutdown.cause = cause
	s.shutdown.release = s.loop.Hold()
	for _, j := range s.door.withdrawAll() {
		j.attachment.release()
		s.forget(outgoing{job: j})
	}
	if s.o.Grace >= 0 {
		s.shutdown.graceTimer = s.loop.SetTimeout(s.o.Grace, s.onGraceOver)
	}
}

// onGraceOver loses patience: first with the handlers, then with a parent that does not read their
// answers.
func (s *server) onGraceOver() {
	s.stopHandlers(s.shutdown.cause)
	s.shutdown.graceTimer = s.loop.SetTimeout(s.o.Grace, s.parent.Destroy)
}

// stopHandlers ends the contexts of the handlers that run.
func (s *server) stopHandlers(cause error) {
	for _, j := range s.jobs {
		j.cancel(cause)
	}
	s.shutdown.cancel(cause)
}

// advanceShutdown goes on when the last job of a worker that is to end was answered.
func (s *server) advanceShutdown() {
	if s.shutdown.state != serveStopping || len(s.jobs) > 0 || !s.outbox.empty() || !s.door.empty() {
		return
	}
	s.shutdown.state = serveTearingDown
	if s.parent.Connected() {
		s.parent.Resume() // Its end is to be heard.
		s.parent.Disconnect()
	}
	switch {
	case s.o.Teardown == nil:
		s.shutdown.tornDown = true
		s.stopLoopWhenDone()
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
		s.reportError(fmt.Errorf("pool: teardown: %w", err))
	}
	s.shutdown.tornDown = true
	s.stopLoopWhenDone()
}

// stopLoopWhenDone stops the loop when nothing is left to do on it.
func (s *server) stopLoopWhenDone() {
	if s.shutdown.state != serveTearingDown || !s.shutdown.tornDown || !s.shutdown.disconnected {
		return
	}
	s.shutdown.state = serveStopped
	if s.shutdown.graceTimer != nil {
		s.shutdown.graceTimer.Stop()
	}
	s.door.close(ipc.ErrChannelClosed)
	s.shutdown.release()
	s.loop.Stop()
}
