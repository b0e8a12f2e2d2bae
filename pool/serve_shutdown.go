package pool

import (
	"context"
	"errors"
	"fmt"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// ErrTerminated is the cause of a handler's context that ended because the handler ran longer than
// [ServeOptions].Grace after SIGTERM, or because a second SIGTERM came.
var ErrTerminated = errors.New("pool: the worker was told to end")

// shutdown is the state of a worker that is to exit. It is used on the loop goroutine only.
type shutdown struct {
	state        serveState
	disconnected bool                    // onDisconnect has run
	tornDown     bool                    // Teardown has returned, or there is none
	ctx          context.Context         // context of the handlers with OnLoop
	cancel       context.CancelCauseFunc // ends ctx
	cause        error                   // the first reason; nil while serving
	// calls onGraceOver, then Destroy; nil while serving, and without a limit
	graceTimer *reactor.Timer
	release    func() // ends the loop's Hold; nil while serving
}

// serveState only goes forward.
type serveState uint8

const (
	serving serveState = iota
	// no further job is begun; running ones finish, and their answers are sent
	serveStopping
	// everything is answered: Teardown runs, and the channel is disconnected
	serveTearingDown
	serveStopped // the loop was stopped or closed
)

func (s *shutdown) init() { s.ctx, s.cancel = context.WithCancelCause(context.Background()) }

// onSIGTERM shuts the worker down; a second SIGTERM ends the contexts of the handlers. The parent
// is asked for no more jobs. It gives jobs that still come to other workers when this one has
// exited.
func (s *server) onSIGTERM() {
	if s.shutdown.state != serving {
		s.stopHandlers(ErrTerminated)
		return
	}
	s.door.notice([]byte(`{"retire":true}`))
	s.beginShutdown(ErrTerminated)
	s.flush()
}

// onDisconnect shuts the worker down when the channel is disconnected. Nothing can be sent any
// more.
func (s *server) onDisconnect() {
	s.shutdown.disconnected = true
	s.door.refuseSends(ipc.ErrChannelClosed)
	s.beginShutdown(ipc.ErrChannelClosed)
	s.flush()
	s.stopLoopWhenDone()
}

// beginShutdown drops the waiting jobs and starts the grace of the running ones. Only the first
// cause counts.
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

// onGraceOver ends the contexts of the handlers. After the same time again, the channel is
// destroyed, in case the parent does not read the answers.
func (s *server) onGraceOver() {
	s.stopHandlers(s.shutdown.cause)
	s.shutdown.graceTimer = s.loop.SetTimeout(s.o.Grace, s.parent.Destroy)
}

// stopHandlers ends the contexts of the running handlers.
func (s *server) stopHandlers(cause error) {
	for _, j := range s.jobs {
		j.cancel(cause)
	}
	s.shutdown.cancel(cause)
}

// advanceShutdown disconnects and starts Teardown once the last job of a stopping worker is
// answered.
func (s *server) advanceShutdown() {
	if s.shutdown.state != serveStopping || len(s.jobs) > 0 || !s.outbox.empty() || !s.door.empty() {
		return
	}
	s.shutdown.state = serveTearingDown
	if s.parent.Connected() {
		s.parent.Resume() // Otherwise the end of file would not be read.
		s.parent.Disconnect()
	}
	switch {
	case s.o.Teardown == nil:
		s.shutdown.tornDown = true
		s.stopLoopWhenDone()
	case s.o.handlesOnLoop():
		s.afterTeardown(s.tearDown())
	default:
		// The goroutine ends after the Post. The loop waits for it, because beginShutdown holds it.
		go func() {
			err := s.tearDown()
			_ = s.loop.Post(func() { s.afterTeardown(err) }) // Fails if the loop is closed.
		}()
	}
}

// tearDown calls Teardown. A panic is returned as an error.
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

// stopLoopWhenDone stops the loop once Teardown has returned and the channel is disconnected.
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
