package pool

import (
	"bytes"
	"log/slog"

	"github.com/brood-go/brood/streams"
)

const (
	keptStderr = 64 << 10 // bytes of the end of a worker's stderr in errors
	longLine   = 16 << 10 // bytes; a longer line of a worker is logged in pieces
)

const (
	streamStdout = "stdout"
	streamStderr = "stderr"
)

// outputLog logs a worker's output line by line, and keeps the end of its stderr for errors, on the
// loop goroutine. The child owns the streams.
type outputLog struct {
	worker *worker
	logger *slog.Logger // nil: lines are dropped
	tail   []byte       // end of stderr, at most 2*keptStderr bytes
}

func newOutputLog(w *worker) *outputLog {
	o := &outputLog{worker: w, logger: w.pool.logger}
	c := w.child
	if c.Stdout != nil && w.pool.o.Protocol != StdLines {
		o.follow(c.Stdout, streamStdout, nil)
	}
	if c.Stderr != nil {
		o.follow(c.Stderr, streamStderr, o.keepTail)
	}
	return o
}

// follow logs the lines of a stream, also the last one if it has no newline. keep, which may be
// nil, gets all bytes.
func (o *outputLog) follow(r *streams.Readable, name string, keep func([]byte)) {
	r.Unref()
	var rest []byte
	r.OnData(func(p []byte) {
		if keep != nil {
			keep(p)
		}
		if o.logger == nil {
			return
		}
		left := o.lines(append(rest, p...), name)
		rest = append(rest[:0:0], left...)
	})
	r.OnClose(func() {
		if len(rest) > 0 {
			o.line(name, rest)
		}
	})
}

// lines logs the whole lines in p and returns the rest.
func (o *outputLog) lines(p []byte, name string) []byte {
	for {
		end := bytes.IndexByte(p[:min(len(p), longLine)], '\n')
		switch {
		case end >= 0:
			o.line(name, p[:end])
			p = p[end+1:]
		case len(p) >= longLine:
			o.line(name, p[:longLine])
			p = p[longLine:]
		default:
			return p
		}
	}
}

func (o *outputLog) line(name string, p []byte) {
	if o.logger != nil {
		id := o.worker.id()
		o.logger.Info(string(p), "worker", id.Number, "pid", id.Pid, "stream", name)
	}
}

// keepTail keeps the last bytes of stderr. It copies them once per keptStderr bytes, not at each
// call.
func (o *outputLog) keepTail(p []byte) {
	o.tail = append(o.tail, p...)
	if len(o.tail) > 2*keptStderr {
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-keptStderr:]...)
	}
}

// lastStderr returns the last bytes of stderr, at most keptStderr.
func (o *outputLog) lastStderr() []byte { return o.tail[max(0, len(o.tail)-keptStderr):] }
