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

// ErrAttach is in the error of a task with an attachment that its worker cannot take: it is no Go
// worker on Linux, and Options.Attachments is not set; or could not be made, or has not come as it
// was announced.
var ErrAttach = errors.New("pool: attachment")

// quickFile is how many bytes are written into a file of memory on the loop goroutine. More are on
// a goroutine of their own.
const quickFile = 256 << 10

// prepareAttachment makes what carries the attachment of t to w, if that is not there yet. It
// reports false when t has to wait for that, or was settled because it cannot be.
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
	// It ends with the write, which settling the task stops. What it has made for a task that was
	// settled meanwhile, or a loop that was closed, is closed. Close of the loop waits for it.
	p.hub.door.copies.Go(func() {
		file, err := memoryFile(c)
		if p.loop.Post(func() { p.onPrepared(t, file, err) }) != nil && file != nil {
			_ = file.Close()
		}
	})
	return false
}

// setAside takes t out of its queue, where it still counts, until it was prepared.
func (p *Pool) setAside(t *Task) {
	t.queue.remove(t)
	p.aside[t] = struct{}{}
}

// onPrepared is called when a file of memory has t's attachment.
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
	// It looked for its tasks in its queue.
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

// attachment is what comes beside the answer that is heard.
type attachment struct {
	size    int64        // bytes; 0: none
	message *ipc.Message // that may have it as a handle
}

// settleWithAttachment is answered, once what comes beside the answer has come.
func (t *Task) settleWithAttachment(w *worker, r *Result) {
	a := w.answerAttachment
	switch {
	case a.size <= 0:
		t.settleAfterChunks(r, nil)
	case w.side == nil && !w.accepts.memfd:
		t.attachmentArrived(r, nil, errNoAttachment)
	case a.size > t.pool.o.MaxResult:
		t.pool.settle(t, nil, ErrTooLarge) // What comes is skipped.
	case w.accepts.memfd:
		t.takeAttachment(r, a.message.Handle(), a.size)
	default:
		w.answerAttachment = attachment{}
		w.side.expect(t, r, a.size)
	}
}

// skipAttachment lets go of what comes beside an answer that nobody wants.
func (w *worker) skipAttachment() {
	if w.side != nil && !w.accepts.memfd && w.answerAttachment.size > 0 {
		w.side.expect(nil, nil, w.answerAttachment.size)
	}
	w.answerAttachment = attachment{}
}

// attachmentArrived ends the wait of a result for its bytes, which came beside it.
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

// takeAttachment gets the bytes of a result which came as a file of memory, the handle of its
// message.
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
	// It ends with the read. When the loop is closed nobody wants it any more.
	go func() {
		data, err := readAttachment(file, n)
		_ = file.Close()
		_ = t.pool.loop.Post(func() { t.attachmentArrived(r, data, err) })
	}()
}

// readAttachment returns the first n bytes of a file, which the worker may cut short meanwhile.
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

// sideChannel carries the attachments of workers that take no files of memory: frames on a socket
// of their own, in the order of the messages that announce them.
type sideChannel struct {
	worker   *worker
	in       *streams.Readable
	out      *streams.Writable
	splitter frames.Splitter

	writing  []*sideWrite // attachments that were not written whole
	arrived  [][]byte     // frames whose announcement has not come
	wanted   []sideWanted // announcements whose frame has not come
	inClosed bool         // no frame comes any more
}

// sideWrite is an attachment on its way. left is the task's memory as long as that is not settled.
type sideWrite struct {
	task *Task
	left []byte
}

type sideWanted struct {
	task   *Task // nil: nobody wants it
	result *Result
	size   int64
}

func newSideChannel(w *worker, s *streams.Readable, out *streams.Writable) *sideChannel {
	c := &sideChannel{worker: w, in: s, out: out, splitter: frames.Lengths(int(w.pool.o.MaxResult))}
	s.Unref()
	out.Unref()
	s.OnData(c.split)
	s.OnError(func(error) {}) // The end says it.
	s.OnClose(c.onClose)
	out.OnError(func(error) { w.hearEnd() }) // It cannot be given its jobs any more.
	out.OnDrain(c.write)
	return c
}

// pieceSize is how many bytes of an attachment are given to the kernel at once: what it does not
// take is copied.
const pieceSize = 128 << 10

// send has the worker get an attachment.
func (c *sideChannel) send(t *Task) {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(t.attach)))
	c.writing = append(c.writing, &sideWrite{nil, head}, &sideWrite{t, t.attach})
	c.write()
}

// write goes on with the attachments until the worker has to be waited for.
func (c *sideChannel) write() {
	for len(c.writing) > 0 && !c.out.NeedDrain() {
		next := c.writing[0]
		n := min(len(next.left), pieceSize)
		if _, err := c.out.Write(next.left[:n]); err != nil {
			c.writing = nil
			c.worker.hearEnd() // It has gone, or might as well be.
			return
		}
		if next.left = next.left[n:]; len(next.left) == 0 {
			c.writing = c.writing[1:]
		}
	}
}

// unborrow keeps what is left to write of a task's attachment: from now on it is not borrowed any
// more.
func (c *sideChannel) unborrow(t *Task) {
	for _, w := range c.writing {
		if w.task == t {
			w.task, w.left = nil, append([]byte(nil), w.left...)
		}
	}
}

// split takes what the worker has attached.
func (c *sideChannel) split(p []byte) {
	for len(p) > 0 && !c.worker.dropsMessages() {
		frame, rest, err := c.splitter.Next(p)
		p = rest
		switch {
		case err != nil:
			c.arrived = append(c.arrived, nil) // It was too long, and is skipped.
		case frame != nil:
			c.arrived = append(c.arrived, append([]byte{}, frame...))
		}
	}
	c.splitter.Recycle()
	c.match()
	if len(c.arrived) > len(c.worker.jobs) { // An answer that announces one may come behind it.
		c.worker.killBroken("attachments that nobody has announced", nil)
	}
}

// expect has the next frame be the attachment of a result. It may not come: the time that the job
// may take goes on.
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

func (c *sideChannel) match() {
	for len(c.arrived) > 0 && len(c.wanted) > 0 {
		data, want := c.arrived[0], c.wanted[0]
		c.arrived, c.wanted = c.arrived[1:], c.wanted[1:]
		if data == nil && want.size > c.worker.pool.o.MaxResult {
			continue // Its task has failed.
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

// onClose is called when the worker has closed its end.
func (c *sideChannel) onClose() {
	c.inClosed = true
	c.failWanted()
}

// discard is called when the worker is gone.
func (c *sideChannel) discard() {
	c.failWanted()
	c.writing, c.arrived = nil, nil
}

// failWanted fails the results whose bytes will not come.
func (c *sideChannel) failWanted() {
	for _, want := range c.wanted {
		if want.task != nil {
			want.task.attachmentArrived(nil, nil, errNoAttachment)
		}
	}
	c.wanted = nil
}
