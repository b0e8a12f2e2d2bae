package host

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/streams"
)

// commandPipe is pipe(kind): it makes a pipe for a command that has not started, and returns [own,
// end]. end is the command's descriptor, which the host owns until start takes it. own is a stream
// for "read" and "write", a lineReader for "lines", and for "join" the reading descriptor, which
// the host owns as well.
func (h *Host) commandPipe(c *engine.Call) (engine.Value, error) {
	r, w, err := fd.Pipe()
	if err != nil {
		return c.Undefined(), &systemError{errno: asSystemError(err).errno, syscall: "pipe"}
	}
	own, other := r, w
	kind := c.Arg(0).Text()
	if kind == "join" {
		h.pipeEnds[r], h.pipeEnds[w] = struct{}{}, struct{}{}
		return c.Array(c.Int(int64(r)), c.Int(int64(w))), nil
	}
	if kind == "write" {
		own, other = w, r
	}
	v, err := h.commandStream(c.Scope, kind, own)
	if err != nil {
		fd.Close(other)
		return c.Undefined(), err
	}
	h.pipeEnds[other] = struct{}{}
	return c.Array(v, c.Int(int64(other))), nil
}

// commandStream makes the own side of a pipe. It takes ownership of own, also on error.
func (h *Host) commandStream(s *engine.Scope, kind string, own int) (engine.Value, error) {
	if err := unix.SetNonblock(own, true); err != nil {
		fd.Close(own)
		return s.Undefined(), err
	}
	if kind == "write" {
		w, err := streams.NewWritable(h.loop, own, &streams.WritableOptions{Fresh: true})
		if err != nil {
			fd.Close(own)
			return s.Undefined(), err
		}
		return h.newStream(s, nil, w)
	}
	r, err := streams.NewReadable(h.loop, own, &streams.ReadableOptions{Fresh: true})
	if err != nil {
		fd.Close(own)
		return s.Undefined(), err
	}
	if kind == "read" {
		return h.newStream(s, r, nil)
	}
	prototype, err := h.prototype(s, "lineReader", lineMethods)
	if err != nil {
		r.Destroy(nil)
		return s.Undefined(), err
	}
	x := &lineReader{h: h, r: r}
	h.closers[x] = struct{}{}
	return s.Native(prototype, x), nil
}

// lineReader reads the lines of a pipe. It gives the script all lines that one read returned, and
// then pauses until read is called again. Its methods are read(on) and close. on is called with a
// list of lines; at the end with undefined, and with a text if there was an error.
type lineReader struct {
	h       *Host
	r       *streams.Readable
	on      engine.Kept // zero before the first read, and after the end
	lines   []string    // not yet given to the script
	isDue   bool        // flush is scheduled
	problem string      // text of the read error; empty: none
}

func lineMethods(b *builder) {
	method(b, "read", func(x *lineReader, c *engine.Call) (engine.Value, error) {
		if x.on.IsZero() {
			x.start(c.Arg(0).Keep())
		}
		x.r.Resume()
		return c.Undefined(), nil
	})
	method(b, "close", func(x *lineReader, c *engine.Call) (engine.Value, error) { x.close(); return c.Undefined(), nil })
}

func (x *lineReader) start(on engine.Kept) {
	x.on = on
	x.r.OnLine(func(line []byte) {
		x.lines = append(x.lines, string(line))
		x.scheduleFlush()
	})
	x.r.OnError(func(err error) {
		if x.problem = err.Error(); errors.Is(err, streams.ErrLineTooLong) {
			x.problem = "a line is longer than 16 MiB"
		}
	})
	x.r.OnClose(x.onClose)
}

// scheduleFlush gives the script all lines of one read together, on the next tick, and pauses the
// pipe.
func (x *lineReader) scheduleFlush() {
	if x.isDue {
		return
	}
	x.isDue = true
	x.h.loop.NextTick(func() {
		x.isDue = false
		if !x.r.Closed() {
			x.r.Pause()
		}
		x.flush()
	})
}

func (x *lineReader) flush() {
	lines := x.lines
	x.lines = nil
	if len(lines) > 0 && !x.on.IsZero() {
		_ = x.h.Do(func(s *engine.Scope) error {
			_, err := s.Kept(x.on).Call(s.Undefined(), stringArray(s, lines))
			return err
		})
	}
}

// onClose reports the end, after the last lines.
func (x *lineReader) onClose() {
	x.flush()
	delete(x.h.closers, x)
	_ = x.h.Do(func(s *engine.Scope) error {
		problem := s.Undefined()
		if x.problem != "" {
			problem = s.String(x.problem)
		}
		_, err := s.Kept(x.on).Call(s.Undefined(), s.Undefined(), problem)
		return err
	})
	x.h.engine.Release(&x.on)
	x.on = engine.Kept{}
}

func (x *lineReader) close() {
	if x.on.IsZero() {
		delete(x.h.closers, x)
	}
	x.r.Destroy(nil)
}
