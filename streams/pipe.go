package streams

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// PipeOptions configure [Readable.Pipe]. A nil *PipeOptions means all defaults.
type PipeOptions struct {
	// KeepOpen leaves dst open when the source has ended or was destroyed. By default dst is ended
	// with the source, also if the source was destroyed without an error, as by code that has read
	// enough. If the source was destroyed with an error, dst is destroyed with the same error after
	// the source's error event: its data is incomplete and must not look complete. (Node's pipe
	// leaves dst open then; its pipeline does the same as this.)
	KeepOpen bool

	// KeepSource leaves the source alone when dst fails or closes early. By default a source
	// without another consumer is then destroyed, so its writer gets SIGPIPE, as in a shell's
	// pipeline.
	KeepSource bool
}

// spliceSize is the greatest number of bytes that one splice(2) moves.
const spliceSize = 1 << 20

// Pipe writes everything that r reads to dst, and returns dst. While dst's NeedDrain is true, r
// does not read. The end of r ends dst, and an error of r destroys dst with it, see [PipeOptions].
// A stream can be piped to several destinations. Piping starts the flow, unless Pause was called.
//
// On Linux splice(2) moves the bytes between two pipes, or a pipe and a socket, without their
// entering the program, while r has no other consumer.
func (r *Readable) Pipe(dst *Writable, o *PipeOptions) *Writable {
	if dst == nil {
		panic("streams: Pipe: nil destination")
	}
	p := &pipe{src: r, dst: dst}
	if o != nil {
		p.o = *o
	}
	// Functions range over these lists while pipes go, so a list is replaced, not changed.
	r.pipes = append(slices.Clip(r.pipes), p)
	dst.pipes = append(slices.Clip(dst.pipes), p)
	if dst.Closed() {
		r.d.loop.NextTick(p.broken)
	}
	if r.state == readEnded || r.state == readDestroyed {
		r.d.loop.NextTick(p.sourceEnded) // The events that call it may be over.
	}
	r.startAfter(nil)
	if dst.NeedDrain() {
		p.blockSource()
	}
	return dst
}

// Unpipe removes the pipe to dst, or all pipes if dst is nil. No data is lost: if r has no pipe
// left, it stops flowing until it gets another listener, or Pipe or Resume is called. It does not
// stop while Collect, Reader or Lines takes its data.
func (r *Readable) Unpipe(dst *Writable) {
	for _, p := range r.pipes {
		if dst == nil || p.dst == dst {
			p.detach()
			if len(r.pipes) == 0 && len(r.dataWatchers) == 0 && r.bridge == nil {
				r.stopFlow()
			}
		}
	}
}

// pipe is one connection from a Readable to a Writable. It is in src.pipes and dst.pipes until it
// is gone. Only the loop goroutine uses it. An error destroys the stream that it belongs to.
type pipe struct {
	src      *Readable
	dst      *Writable
	o        PipeOptions
	waiting  bool // src is blocked until dst has room
	noSplice bool // splice(2) was refused for these descriptors; bytes are copied
	gone     bool // detach was called; never undone
}

// write writes a chunk to dst, if bytes are not spliced.
func (p *pipe) write(chunk []byte) {
	if _, err := p.dst.Write(chunk); err != nil {
		p.broken()
		return
	}
	if p.dst.NeedDrain() {
		p.blockSource()
	}
}

// blockSource keeps the source from reading until unblockSource.
func (p *pipe) blockSource() {
	if !p.waiting {
		p.waiting = true
		p.src.block()
	}
}

// unblockSource lets the source read again.
func (p *pipe) unblockSource() {
	if p.waiting {
		p.waiting = false
		p.src.unblock()
	}
}

// sourceEnded ends or destroys dst, after the end or the close of the source.
func (p *pipe) sourceEnded() {
	if p.gone {
		return // A listener of the same event has removed it.
	}
	p.detach()
	switch {
	case p.o.KeepOpen:
	case p.src.cause != nil:
		p.dst.Destroy(p.src.cause)
	default:
		p.dst.End()
	}
}

// broken is called when dst takes no more. It destroys the source if that has no other consumer.
func (p *pipe) broken() {
	if p.gone {
		return
	}
	p.detach()
	r := p.src
	if len(r.pipes) > 0 {
		return
	}
	if !p.o.KeepSource && !r.listenedTo() {
		r.Destroy(nil)
		return
	}
	if !r.listenedTo() {
		r.stopFlow()
	}
}

// dropClosed removes the pipes whose destination takes no more, before r reads bytes for them.
func (r *Readable) dropClosed() {
	for _, p := range r.pipes {
		if p.dst.state != writeOpen {
			p.broken()
		}
	}
}

// detach removes the pipe from both streams.
func (p *pipe) detach() {
	p.gone = true
	other := func(q *pipe) bool { return q == p }
	p.src.pipes = slices.DeleteFunc(slices.Clone(p.src.pipes), other)
	p.dst.pipes = slices.DeleteFunc(slices.Clone(p.dst.pipes), other)
	if p.dst.splicing == p {
		p.dst.splicing = nil
		p.dst.d.update()
	}
	p.unblockSource()
}

// listenedTo reports whether r has a consumer that is not a pipe.
func (r *Readable) listenedTo() bool {
	return len(r.dataWatchers)+r.data.Len()+r.text.Len()+r.line.Len() > 0
}

// splicePipe returns the pipe whose bytes can be spliced in the present state, nil if there is
// none.
func (r *Readable) splicePipe() *pipe {
	if len(r.pipes) != 1 || r.listenedTo() || r.state != readOpen || r.flow != flowOn || r.hasAhead() {
		return nil
	}
	p := r.pipes[0]
	if p.noSplice || p.dst.state != writeOpen || !p.dst.queue.empty() {
		return nil
	}
	if p.dst.splicing != nil && p.dst.splicing != p {
		return nil // Another source waits for room. This one writes to the queue.
	}
	if !r.d.isPipe() && !p.dst.d.isPipe() {
		return nil
	}
	if r.d.mayWait() || p.dst.d.mayWait() {
		return nil
	}
	return p
}

// mayWait reports whether splice(2) could wait on d: only pipes heed SPLICE_F_NONBLOCK, and files
// never wait. The mode of a socket is looked up each time, because others who have the socket may
// change it.
func (d *descriptor) mayWait() bool {
	switch {
	case d.isPipe() || d.isFile() || d.alone():
		return false
	case d.blocking:
		return true
	}
	flags, err := unix.FcntlInt(uintptr(d.fd), unix.F_GETFL, 0)
	return err != nil || flags&unix.O_NONBLOCK == 0
}

// spliceOnce splices once. After that src is empty, or dst is full, or spliceSize bytes were moved.
// It runs when src is readable, and also when dst is writable while dst.splicing is p and src is
// blocked. If bytes are left, the poller reports that at once, which costs no more than a second
// splice(2) that is refused, and nothing if no bytes are left.
func (p *pipe) spliceOnce() {
	r, w := p.src, p.dst
	// By now r may have got a listener or been paused, and dst may have been written to.
	if r.splicePipe() != p {
		p.waitForSource()
		return
	}
	r.decoder.drop()
	r.splitter.drop()
	n, err := fd.Splice(r.d.fd, w.d.fd, spliceSize)
	switch {
	case err == unix.EAGAIN:
		p.waitForSide()
	case fd.Refused(err) || err == unix.EIO && r.d.isDevice():
		// The system cannot splice these two descriptors: copy instead. A terminal's EIO may be the
		// end; read finds out.
		p.noSplice = true
		p.waitForSource()
	case err == unix.EPIPE || err != nil && !w.d.isPipe():
		// A pipe gives no error but EPIPE: any other is that of the side that is not a pipe.
		w.Destroy(wrap("splice", w.d.fd, err))
	case err != nil:
		r.Destroy(wrap("splice", r.d.fd, err))
	case n == 0:
		p.waitForSource()
		r.reachEnd()
	default:
		r.d.noteTraffic(int(n))
		w.d.noteTraffic(int(n))
		r.bytes += n
		w.written += n // No WriteThen waits for these bytes: the queue is empty.
	}
}

// waitForSide finds out which side splice(2) would wait for, and waits for that.
func (p *pipe) waitForSide() {
	if p.src.d.hasInput() {
		p.dst.splicing = p
		p.blockSource()
		p.dst.d.update()
		return
	}
	p.waitForSource()
}

// waitForSource makes the poller report src again, and dst no more.
func (p *pipe) waitForSource() {
	if p.dst.splicing == p {
		p.dst.splicing = nil
		p.dst.d.update()
	}
	if !p.dst.NeedDrain() {
		p.unblockSource()
	}
}

// hasInput asks poll(2) whether a read would return at once.
func (d *descriptor) hasInput() bool {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}
