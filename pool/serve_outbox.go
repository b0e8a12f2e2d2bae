package pool

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
)

// mostNotices bounds the bytes of waiting messages that belong to no job, while the parent has not
// acknowledged an attachment. Such a parent cannot be paused, because the acknowledgement has to be
// read.
const mostNotices = 4 << 20

var errNotAcknowledged = errors.New("pool: the parent goes on asking and does not acknowledge an attachment: the channel was ended")

// outbox has the messages that the loop has taken out of the door and not sent yet, because the
// parent does not read. Meanwhile the channel is paused: a parent that sends and does not read
// could make the outbox grow. The channel is not paused while an attachment is to be acknowledged.
// It is used on the loop goroutine only.
type outbox struct {
	list    []outgoing // messages in order
	notices int        // bytes of the notices in list
	handles int        // attachments that were sent and are not acknowledged
	paused  bool       // the channel is paused, because the parent does not read
}

func (b *outbox) empty() bool { return len(b.list) == 0 }

// flush moves messages from the door to the outbox, and sends them.
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

// pump sends messages until the channel needs a drain. If the parent is gone, it drops them.
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
		s.beginSoon() // Jobs could not begin while the door was clogged.
	}
	s.throttle()
	s.advanceShutdown()
}

// send sends one message. An answer is forgotten then, also if the channel refuses it.
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

// sendAttached sends an answer with its attachment. If the attachment is refused or lost, an error
// is sent as the answer.
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

// forget drops a job that is answered.
func (s *server) forget(o outgoing) {
	closeFile(o.attach)
	if s.jobs[o.job.id] != o.job {
		return // With OnLoop, jobs are not in the map.
	}
	delete(s.jobs, o.job.id)
	s.cost -= o.job.cost
	if o.job.handle != nil {
		_ = o.job.handle.Close() // Does nothing if the handler used it.
	}
}

// sendFailure returns the part of a Send's error that has to be reported: none if the channel is
// closed, because OnDisconnect follows. A result that cannot become JSON is an error of the job.
func (s *server) sendFailure(err error) error {
	if errors.Is(err, ipc.ErrChannelClosed) {
		return nil
	}
	if _, bad := errors.AsType[*nodejson.Error](err); bad {
		return &codedError{codeResult, err}
	}
	return err
}

// throttle pauses the channel while the parent does not read.
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
		_ = f.Close() // A file of memory loses nothing.
	}
}
