package pool

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/streams"
)

// Attachments go to and from a worker as files of memory (memfd_create(2)), if its ready message
// says so, or else as frames on a side channel. All of it runs on the loop goroutine, except the
// two goroutines that say so: one writes a big file, the other reads a file of the worker.

// ErrAttach is in the error of a task whose attachment failed: the worker takes none (it is no Go
// worker on Linux, and Options.Attachments is not set), the file of memory could not be made, or
// the bytes did not come as announced.
var ErrAttach = errors.New("pool: attachment")

// quickFile is the number of bytes that are written into a file of memory on the loop goroutine.
// For more there is a goroutine.
const quickFile = 256 << 10

// prepareAttachment makes the file of memory for the attachment of t, if w takes such files. It
// returns false if t has to wait for the file or was settled, so that it cannot be assigned now.
func (p *Pool) prepareAttachment(t *Task, w *worker) bool {
	switch {
	case len(t.attach) == 0:
		return true
	case !w.accepts.memfd && w.side == nil:
		p.settle(t, nil, fmt.Errorf("%w: this worker takes none", ErrAttach))
		return false
	case !w.accepts.memfd || t.file != nil:
		return true
	case len(t.attach) <= quickFile:
		file, err := memoryFile(bytes.NewReader(t.attach))
		p.onPrepared(t, file, err)
		return t.state != taskSettled
	}
	p.setAside(t)
	t.copying = &copying{data: t.attach}
	c := t.copying
	// The goroutine ends with the copy, which settling the task stops. onPrepared closes the file
	// of a settled task. If the loop is closed, the goroutine closes the file; hub.Close waits for
	// it.
	p.hub.door.copies.Go(func() {
		file, err := memoryFile(c)
		if p.loop.Post(func() { p.onPrepared(t, file, err) }) != nil && file != nil {
			_ = file.Close()
		}
	})
	return false
}

// setAside takes t out of its queue until its file is ready. It still counts as waiting.
func (p *Pool) setAside(t *Task) {
	t.queue.remove(t)
	p.aside[t] = struct{}{}
}

// onPrepared takes the file of memory with t's attachment, which the task owns from now on, and
// queues t again.
func (p *Pool) onPrepared(t *Task, file *os.File, err error) {
	_, wasAside := p.aside[t]
	delete(p.aside, t)
	t.copying = nil
	switch {
	case t.state == taskSettled:
		if file != nil {
			_ = file.Close()
		}
		return
	case err != nil:
		p.settle(t, nil, fmt.Errorf("%w: %w", ErrAttach, err))
		return
	}
	t.file = file
	// requeueBound has not found t, which was in no queue.
	if t.onlyWorker != nil && t.onlyWorker.state == workerGone {
		p.settle(t, nil, t.onlyWorker.crashError(nil))
		return
	}
	if wasAside {
		p.queueFor(t).add(t)
		p.assignWaiting()
		p.grow()
	}
}

// attachment is the attachment of an answer while that is being heard.
type attachment struct {
	size    int64        // bytes, as announced; 0: none
	message *ipc.Message // has the handle, if the worker attaches files; nil for other links
}

// settleWithAttachment settles the task with the worker's answer once its attachment and the chunks
// before it have come.
func (t *Task) settleWithAttachment(w *worker, r *Result) {
	a := w.answerAttachment
	switch {
	case a.size <= 0:
		t.settleAfterChunks(r, nil)
	case w.side == nil && !w.accepts.memfd:
		t.attachmentArrived(r, nil, errNoAttachment)
	case a.size > t.pool.o.MaxResult:
		t.pool.settle(t, nil, ErrTooLarge) // The bytes are skipped when they come.
	case w.accepts.memfd:
		t.takeAttachment(r, a.message.Handle(), a.size)
	default:
		w.answerAttachment = attachment{}
		w.side.expect(t, r, a.size)
	}
}

// skipAttachment drops the attachment of an answer that settleWithAttachment did not take.
func (w *worker) skipAttachment() {
	if w.side != nil && !w.accepts.memfd && w.answerAttachment.size > 0 {
		w.side.expect(nil, nil, w.answerAttachment.size)
	}
	w.answerAttachment = attachment{}
}

// attachmentArrived adds the attachment to the result and settles the task after its chunks. With
// err, the task fails.
func (t *Task) attachmentArrived(r *Result, data []byte, err error) {
	p := t.pool
	if t.state == taskSettled {
		return
	}
	if err != nil {
		p.settle(t, nil, fmt.Errorf("%w: %w", ErrAttach, err))
		return
	}
	r.Attach = data
	t.settleAfterChunks(r, nil)
}

// takeAttachment reads the attachment out of a file of memory, the handle h of the answer.
func (t *Task) takeAttachment(r *Result, h *ipc.Handle, n int64) {
	if h == nil {
		t.attachmentArrived(r, nil, errNoAttachment)
		return
	}
	file, err := h.File()
	if err != nil {
		t.attachmentArrived(r, nil, err)
		return
	}
	t.markIncomplete()
	// The goroutine owns file, and ends after the Post. Nothing waits for it. If the loop is
	// closed, the result is dropped.
	go func() {
		data, err := readAttachment(file, n)
		_ = file.Close()
		_ = t.pool.loop.Post(func() { t.attachmentArrived(r, data, err) })
	}()
}

// readAttachment returns the first n bytes of a file. The worker may shorten the file meanwhile;
// that is an error.
func readAttachment(file *os.File, n int64) ([]byte, error) {
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the descriptor is no file: %s", info.Mode().Type())
	case n > info.Size():
		return nil, fmt.Errorf("%d bytes are announced, and %d came", n, info.Size())
	}
	data := make([]byte, n)
	_, err = file.ReadAt(data, 0)
	return data, err
}

// sideChannel carries the attachments of a worker that takes no files of memory: frames on a
// socket, in the order of the messages that announce them. The child owns the streams.
type sideChannel struct {
	worker   *worker
	in       *streams.Readable
	out      *streams.Writable
	splitter frames.Splitter

	writing  []*sideWrite // attachments to the worker that are not written whole
	arrived  [][]byte     // frames whose announcement has not come; nil: one that was too long
	wanted   []sideWanted // announcements whose frame has not come; empty if arrived is not
	inClosed bool         // no frame comes any more
}

// sideWrite is an attachment on its way to the worker. left is the caller's memory while task is
// not nil.
type sideWrite struct {
	task *Task
	left []byte
}

// sideWanted is an attachment that an answer has announced. result gets the bytes.
type sideWanted struct {
	task   *Task // nil: the frame is skipped
	result *Result
	size   int64
}

// newSideChannel returns the side channel over two streams of the child, which are one socket.
func newSideChannel(w *worker, s *streams.Readable, out *streams.Writable) *sideChannel {
	c := &sideChannel{worker: w, in: s, out: out, splitter: frames.Lengths(int(w.pool.o.MaxResult))}
	s.Unref()
	out.Unref()
	s.OnData(c.split)
	s.OnError(func(error) {}) // 'close' follows.
	s.OnClose(c.onClose)
	out.OnError(func(error) { w.hearEnd() }) // The worker cannot get attachments any more.
	out.OnDrain(c.write)
	return c
}

// pieceSize is the number of bytes of an attachment in one write. The rest of a write that the
// kernel does not take is copied, so it must be small.
const pieceSize = 128 << 10

// send queues the attachment of t.
func (c *sideChannel) send(t *Task) {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(t.attach)))
	c.writing = append(c.writing, &sideWrite{nil, head}, &sideWrite{t, t.attach})
	c.write()
}

// write writes attachments until the stream needs a drain.
func (c *sideChannel) write() {
	for len(c.writing) > 0 && !c.out.NeedDrain() {
		next := c.writing[0]
		n := min(len(next.left), pieceSize)
		if _, err := c.out.Write(next.left[:n]); err != nil {
			c.writing = nil
			c.worker.hearEnd() // It has exited, or closed its side.
			return
		}
		if next.left = next.left[n:]; len(next.left) == 0 {
			c.writing = c.writing[1:]
		}
	}
}

// unborrow copies the part of a task's attachment that is not written yet, because the memory
// belongs to the caller again.
func (c *sideChannel) unborrow(t *Task) {
	for _, w := range c.writing {
		if w.task == t {
			w.task, w.left = nil, append([]byte(nil), w.left...)
		}
	}
}

// split cuts the bytes that have come into frames.
func (c *sideChannel) split(p []byte) {
	for len(p) > 0 && !c.worker.dropsMessages() {
		frame, rest, err := c.splitter.Next(p)
		p = rest
		switch {
		case err != nil:
			c.arrived = append(c.arrived, nil) // It was too long.
		case frame != nil:
			c.arrived = append(c.arrived, append([]byte{}, frame...))
		}
	}
	c.splitter.Recycle()
	c.match()
	// A frame may come before its answer, but each job has one at most.
	if len(c.arrived) > len(c.worker.jobs) {
		c.worker.killBroken("attachments that nobody has announced", nil)
	}
}

// expect makes the next frame the attachment of r. It counts as a part of the run: if it does not
// come within the rest of the task's timeout, the task fails. With a nil t the frame is skipped.
func (c *sideChannel) expect(t *Task, r *Result, n int64) {
	if t != nil {
		t.markIncomplete()
		if t.timeout > 0 {
			late := func() { t.pool.settle(t, nil, ErrTimeout) }
			t.restAlarm.set(t.pool.loop, t.timeout-r.Ran, func() { c.worker.afterBacklogOf(c.in.Backlog(), late) })
		}
	}
	c.wanted = append(c.wanted, sideWanted{t, r, n})
	c.match()
	if c.inClosed {
		c.failWanted()
	}
}

// match gives frames to the results that announced them. If one has another length than announced,
// the streams are out of step, and the worker is killed.
func (c *sideChannel) match() {
	for len(c.arrived) > 0 && len(c.wanted) > 0 {
		data, want := c.arrived[0], c.wanted[0]
		c.arrived, c.wanted = c.arrived[1:], c.wanted[1:]
		if data == nil && want.size > c.worker.pool.o.MaxResult {
			continue // The task has failed with ErrTooLarge.
		}
		if want.size != int64(len(data)) {
			err := fmt.Errorf("%d bytes are announced, and %d came", want.size, len(data))
			if want.task != nil {
				want.task.attachmentArrived(nil, nil, err)
			}
			c.worker.killBroken(err.Error(), nil)
			return
		}
		if want.task != nil {
			want.task.attachmentArrived(want.result, data, nil)
		}
	}
}

// onClose runs when the worker has closed its end.
func (c *sideChannel) onClose() {
	c.inClosed = true
	c.failWanted()
}

// discard runs when the worker is gone.
func (c *sideChannel) discard() {
	c.failWanted()
	c.writing, c.arrived = nil, nil
}

// failWanted fails the results whose attachment cannot come any more.
func (c *sideChannel) failWanted() {
	for _, want := range c.wanted {
		if want.task != nil {
			want.task.attachmentArrived(nil, nil, errNoAttachment)
		}
	}
	c.wanted = nil
}
