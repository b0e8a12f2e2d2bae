package pool

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
)

// mostNotices bounds what is answered to a parent that does not acknowledge an attachment, and
// which can therefore not be kept from asking on: bytes.
const mostNotices = 4 << 20

var errNotAcknowledged = errors.New("pool: the parent goes on asking and does not acknowledge an attachment: the channel was ended")

// outbox has what came out of the door and was not sent. While the parent does not read, it waits
// here, and nothing more is read of the parent; otherwise one that asks and does not read would
// make it grow. The parent has to be heard, though, while it has an attachment to acknowledge.
type outbox struct {
	list    []outgoing
	notices int // bytes of those in list that no job has
	handles int // attachments that were sent and not acknowledged
	paused  bool
}

func (b *outbox) empty() bool { return len(b.list) == 0 }

// flush sends what has come out of the door.
func (s *server) flush() {
	if s.shutdown.state == serveStopped {
		return
	}
	b := &s.outbox
	known := len(b.list)
	b.list = s.door.collect(b.list)
	for _, o := range b.list[known:] {
		if o.kind == outNotice {
			b.notices += entryCost + len(o.frame)
		}
	}
	s.pump()
}

// pump sends what the parent takes; all of it, to nowhere, when it has gone.
func (s *server) pump() {
	b := &s.outbox
	n := 0
	for n < len(b.list) && !s.parent.NeedDrain() {
		s.send(b.list[n])
		n++
	}
	if n > 0 {
		s.door.sent(b.list[:n])
		b.list = slices.Delete(b.list, 0, n)
		s.beginSoon() // What has come out may have been too much for another job.
	}
	s.throttle()
	s.advanceShutdown()
}

// send gives one message to the channel.
func (s *server) send(o outgoing) {
	p := o.frame
	switch o.kind {
	case outNotice:
		s.outbox.notices -= entryCost + len(p)
	case outProgress:
		p = s.door.takeProgress(o.job)
	case outAnswer:
		defer s.forget(o)
	}
	if p == nil || !s.parent.Connected() {
		return
	}
	s.text = p
	var err error
	if o.attach == nil {
		err = s.parent.SendWith(&s.text, &s.gather)
	} else {
		err = s.sendAttached(o)
	}
	s.text = nil
	if err = s.sendFailure(err); err != nil {
		s.reportError(err)
	}
}

// sendAttached sends an answer with its attachment. If that cannot be sent, or does not arrive, the
// answer is an error.
func (s *server) sendAttached(o outgoing) error {
	id := o.job.id
	lost := func(err error) error {
		s.text = appendError(nil, id, jobError{Message: fmt.Sprintf("attachment: %v", err), Code: codeResult})
		return s.parent.Send(&s.text)
	}
	err := s.parent.SendWith(&s.text, &ipc.SendOptions{Handle: ipc.File{File: o.attach}, Received: func(err error) {
		s.outbox.handles--
		if err != nil && s.parent.Connected() {
			err = lost(err)
			s.text = nil
			if err = s.sendFailure(err); err != nil {
				s.reportError(err)
			}
		}
		s.throttle()
	}})
	if _, bad := errors.AsType[*ipc.HandleError](err); bad {
		return lost(err)
	}
	if err == nil {
		s.outbox.handles++
	}
	return err
}

// forget forgets a job that was answered.
func (s *server) forget(o outgoing) {
	closeFile(o.attach)
	if s.jobs[o.job.id] != o.job {
		return // It was done on the loop.
	}
	delete(s.jobs, o.job.id)
	s.cost -= o.job.cost
	if o.job.handle != nil {
		_ = o.job.handle.Close() // Nothing, if it was used.
	}
}

// sendFailure returns what is to be said of the error of a Send: nothing when the parent has gone,
// which OnDisconnect tells; a result that cannot become JSON is an error of the job.
func (s *server) sendFailure(err error) error {
	if errors.Is(err, ipc.ErrChannelClosed) {
		return nil
	}
	if _, bad := errors.AsType[*nodejson.Error](err); bad {
		return &codedError{codeResult, err}
	}
	return err
}

// throttle reads nothing more of a parent that does not read.
func (s *server) throttle() {
	b := &s.outbox
	switch {
	case !s.parent.NeedDrain():
	case b.handles == 0 && !b.paused:
		b.paused = true
		s.parent.Pause()
	case b.handles > 0 && b.notices > mostNotices:
		s.reportError(errNotAcknowledged)
		s.parent.Destroy()
	}
}

// onDrain goes on when the parent has read everything.
func (s *server) onDrain() {
	if s.outbox.paused {
		s.outbox.paused = false
		s.parent.Resume()
	}
	s.pump()
}

// closeFile closes f, if there is one.
func closeFile(f *os.File) {
	if f != nil {
		_ = f.Close() // It is memory: nothing can be lost.
	}
}
