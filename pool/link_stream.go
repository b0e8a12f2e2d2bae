package pool

import (
	"encoding/binary"
	"errors"
	"syscall"

	"github.com/brood-go/brood/internal/frames"
	"github.com/brood-go/brood/streams"
)

// streamLink is the link of [Lines], [StdLines] and [Frames]: two streams of the child. It is used
// on the loop goroutine only.
type streamLink struct {
	worker   *worker
	in       *streams.Readable // answers
	out      *streams.Writable // jobs
	splitter frames.Splitter
	lengths  bool   // frames with a length; false: lines
	buf      []byte // memory for the next message, empty between calls
}

// newStreamLink returns the link over two streams, which the child owns. An answer has at most
// limit bytes.
func newStreamLink(w *worker, in *streams.Readable, out *streams.Writable, limit int, lengths bool) *streamLink {
	k := &streamLink{worker: w, in: in, out: out, splitter: frames.Lines(limit), lengths: lengths}
	if lengths {
		k.splitter = frames.Lengths(limit)
	}
	in.Unref()
	out.Unref()
	in.OnData(k.split)
	in.OnEnd(k.onEnd)
	in.OnError(func(err error) { w.hearError(err) })
	in.OnClose(w.hearEnd)
	out.OnDrain(w.hearDrain)
	out.OnError(func(err error) {
		// EPIPE only says that the worker has exited or closed its side.
		if !errors.Is(err, syscall.EPIPE) {
			w.hearError(err)
		}
		w.hearEnd() // It may go on without reading.
	})
	return k
}

// split cuts the bytes that have come into answers. It passes all of them to the worker in this
// callback, which is cheaper than a tick for each. Callbacks of the program run in later ticks, so
// one that panics costs no answer.
func (k *streamLink) split(p []byte) {
	for len(p) > 0 && !k.worker.dropsMessages() {
		frame, rest, err := k.splitter.Next(p)
		p = rest
		switch {
		case err != nil:
			k.worker.hearTooLong(frame)
		case frame != nil && k.lengths:
			k.worker.hearFrame(frame)
		case len(frame) > 0: // An empty line is no message.
			k.worker.hear(frame, nil)
		}
	}
	k.splitter.Recycle()
}

// onEnd takes the rest without a newline as the last line.
func (k *streamLink) onEnd() {
	if left := k.splitter.Kept(); !k.lengths && len(left) > 0 {
		k.worker.hear(left, nil)
	}
}

func (k *streamLink) send(m *jobMessage, t *Task) error {
	if k.lengths {
		k.buf = binary.BigEndian.AppendUint32(k.buf[:0], uint32(len(m.Job)))
		return k.write(append(k.buf, m.Job...))
	}
	line, err := k.worker.pool.encoder.Append(k.buf[:0], m)
	if err != nil {
		return err // Unreachable: the job was encoded before.
	}
	return k.write(append(line, '\n'))
}

// write writes a message, whose memory is used again unless it is too large.
func (k *streamLink) write(p []byte) error {
	_, err := k.out.Write(p)
	if k.buf = p[:0]; cap(p) > frames.KeptMemory {
		k.buf = nil
	}
	return err
}

func (k *streamLink) sendControl(v any) {
	if k.lengths {
		return // Frames has no such messages.
	}
	if line, err := k.worker.pool.encoder.Append(k.buf[:0], v); err == nil {
		_ = k.write(append(line, '\n'))
	}
}

func (k *streamLink) needDrain() bool { return k.out.NeedDrain() }

func (k *streamLink) backlog() backlog { return k.in.Backlog() }

func (k *streamLink) end() { k.out.End() }
