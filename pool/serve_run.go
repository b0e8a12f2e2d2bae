package pool

import (
	"bytes"
	"context"
	"errors"
	"os"

	"github.com/brood-go/brood/internal/nodejson"
)

// This file runs handlers and encodes their results: on goroutines, or with OnLoop on the loop
// goroutine. Handlers with Async are in serve_async.go.

// errGoexit is the answer of a handler that has called runtime.Goexit.
var errGoexit = errors.New("the handler has called runtime.Goexit")

// runner is a goroutine that runs handlers one at a time. serveDoor.start says when it ends.
func (s *server) runner() {
	var encoder nodejson.Encoder
	for j := s.door.take(); j != nil; j = s.door.take() {
		s.runJob(j, &encoder)
	}
}

// runJob runs a handler and answers its job, also if the handler panics or ends the goroutine.
func (s *server) runJob(j *Job, encoder *nodejson.Encoder) {
	var frame []byte
	var attach *os.File
	err := errGoexit
	defer func() {
		if err != nil {
			frame = appendError(s.door.buffer(), j.id, describeSafely(j.ctx, err))
		}
		s.answerJob(j, frame, attach)
		if err == errGoexit { // This goroutine ends here, so another one takes its place.
			s.door.start(s.runnerFunc)
		}
	}()
	frame, attach, err = perform(j, s.door.buffer(), encoder)
}

// perform calls the handler and encodes its result. A panic of the handler, or of a method of its
// result, is returned as an error.
func perform(j *Job, buffer []byte, encoder *nodejson.Encoder) (frame []byte, attach *os.File, err error) {
	defer func() {
		if v := recover(); v != nil {
			frame, attach, err = nil, nil, newPanicError(v)
		}
	}()
	if err := j.attachment.open(); err != nil {
		return nil, nil, err
	}
	value, err := j.handler(j.ctx, j)
	if err != nil {
		return nil, nil, err
	}
	return resultOf(j, value, buffer, encoder)
}

// resultOf encodes a handler's result. The caller owns attach, which may be nil.
func resultOf(j *Job, value any, buffer []byte, encoder *nodejson.Encoder) (frame []byte, attach *os.File, err error) {
	defer func() {
		if v := recover(); v != nil {
			closeFile(attach)
			frame, attach, err = nil, nil, newPanicError(v)
		}
	}()
	result, attached := replyOf(j.id, value)
	if attach, err = j.server.attachmentFile(attached); err != nil {
		return nil, nil, err
	}
	if frame, err = result.AppendJSON(buffer, encoder); err != nil {
		closeFile(attach)
		return nil, nil, &codedError{codeResult, err}
	}
	return frame, attach, nil
}

// replyOf separates the attachment from a handler's result.
func replyOf(id uint64, value any) (result resultFrame, attached []byte) {
	switch r := value.(type) {
	case Reply:
		value, attached = r.Value, r.Attach
	case *Reply:
		value = nil
		if r != nil {
			value, attached = r.Value, r.Attach
		}
	}
	return resultFrame{id, value, len(attached)}, attached
}

// errNoTaker is the answer when a result has an attachment and the parent is no pool. Node aborts
// on an unknown handle.
var errNoTaker = errors.New("the result has an attachment, and the parent is no pool")

// attachmentFile returns a file of memory with the attachment of a result, nil if there is none.
// The caller owns it.
func (s *server) attachmentFile(attached []byte) (*os.File, error) {
	if len(attached) == 0 {
		return nil, nil
	}
	if s.worker == 0 {
		return nil, &codedError{codeResult, errNoTaker}
	}
	f, err := memoryFile(bytes.NewReader(attached))
	if err != nil {
		return nil, &codedError{codeResult, err}
	}
	return f, nil
}

// describeSafely is describe for an error whose methods may panic.
func describeSafely(ctx context.Context, err error) (e jobError) {
	defer func() {
		if v := recover(); v != nil {
			e = describe(ctx, newPanicError("in a method of the handler's error"))
		}
	}()
	return describe(ctx, err)
}

// runOnLoop runs a handler inside the callback of its message, and answers the job.
func (s *server) runOnLoop(j *Job) {
	err := s.performOnLoop(j)
	if err != nil {
		s.door.notice(appendError(s.door.buffer(), j.id, describeSafely(j.ctx, err)))
		s.flush()
	}
	j.attachment.release()
	if j.handle != nil {
		_ = j.handle.Close()
	}
	s.door.finishJob(j)
	s.throttle()
}

// performOnLoop calls the handler and sends its result. If it returns an error, nothing was sent.
func (s *server) performOnLoop(j *Job) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	if err := j.attachment.open(); err != nil {
		return err
	}
	value, err := j.handler(j.ctx, j)
	if err != nil {
		return err
	}
	result, attached := replyOf(j.id, value)
	if len(attached) == 0 && s.outbox.empty() {
		s.result = result
		err = s.parent.Send(&s.result)
		s.result.result = nil
		return s.sendFailure(err)
	}
	attach, err := s.attachmentFile(attached)
	if err != nil {
		return err
	}
	frame, err := result.AppendJSON(s.door.buffer(), new(nodejson.Encoder))
	if err != nil {
		closeFile(attach)
		return &codedError{codeResult, err}
	}
	s.door.answer(j, frame, attach)
	s.flush()
	return nil
}
