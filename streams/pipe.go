package streams

import (
	"slices"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// PipeOptions configure [Readable.Pipe]. A nil *PipeOptions means all defaults.
type PipeOptions struct {
	// KeepOpen leaves dst open when the source is over, in whatever way. By default dst is ended
	// when the source has ended, and when it was destroyed without an error, by somebody who has
	// had enough of it. When the source was destroyed with an error, dst is destroyed with the
	// same, after the source's error event: what it got is not all, and must not look so. (Node's
	// pipe leaves dst open then, its pipeline does as this.)
	KeepOpen bool

	// KeepSource leaves the source alone when dst fails or closes early. By default a source that
	// nobody else listens to is destroyed then, so that its writer learns of it (SIGPIPE), as in a
	// shell's pipeline.
	KeepSource bool
}

// spliceSize is the most that one splice(2) moves, in bytes.
const spliceSize = 1 << 20

// Pipe writes everything that r reads to dst and returns dst. While dst asks to wait, r is not
// read; when r ends, so does dst, and an error of r is one of dst, see [PipeOptions]. On Linux,
// between two pipes or a pipe and a socket, with nobody else listening to r, the bytes are moved by
// splice(2) and never enter the program. Piping starts the flow, unless Pause was called. A stream
// can be piped to several.
func (r *Readable) Pipe(dst *Writable, o *PipeOptions) *Writable {
	if dst == nil {
		panic("streams: Pipe: nil destination")
	}
	p := &pipe{src: r, dst: dst}
	if o != nil {
		p.o = *o
	}
	// These lists are replaced when a pipe goes, so that those who range over them are not
	// disturbed.
	r.pipes = append(slices.Clip(r.pipes), p)
	dst.pipes = append(slices.Clip(dst.pipes), p)
	if dst.Closed() {
		r.d.loop.NextTick(p.broken)
	}
	if r.state == readEnded || r.state == readDestroyed {
		r.d.loop.NextTick(p.sourceEnded) // The events may be over.
	}
	r.startAfter(nil)
	if dst.NeedDrain() {
		p.blockSource()
	}
	return dst
}

// Unpipe ends what Pipe began, for dst or, when it is nil, for all destinations. Nothing is lost: a
// source that has no other destination stops flowing until somebody listens, Pipe is called again,
// or Resume; unless Collect, Reader or Lines takes its data.
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

// pipe is one connection from a Readable to a Writable.
type pipe struct {
	src      *Readable
	dst      *Writable
	o        PipeOptions
	waiting  bool // the source is blocked until dst has drained
	noSplice bool // splice(2) refused these descriptors
	gone     bool
}

// write copies a chunk on, when bytes are not spliced.
func (p *pipe) write(chunk []byte) {
	if _, err := p.dst.Write(chunk); err != nil {
		p.broken()
		return
	}
	if p.dst.NeedDrain() {
		p.blockSource()
	}
}

func (p *pipe) blockSource() {
	if !p.waiting {
		p.waiting = true
		p.src.block()
	}
}

// unblockSource lets the source go on.
func (p *pipe) unblockSource() {
	if p.waiting {
		p.waiting = false
		p.src.unblock()
	}
}

func (p *pipe) sourceEnded() {
	if p.gone {
		return // By a listener to the same event.
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

// broken is called when dst will take no more.
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

// dropClosed lets go of the destinations that take no more, before anything is read for them.
func (r *Readable) dropClosed() {
	for _, p := range r.pipes {
		if p.dst.state != writeOpen {
			p.broken()
		}
	}
}

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

func (r *Readable) listenedTo() bool {
	return len(r.dataWatchers)+r.data.Len()+r.text.Len()+r.line.Len() > 0
}

// splicePipe returns the pipe whose bytes can be moved without reading them, if that is so now.
func (r *Readable) splicePipe() *pipe {
	if len(r.pipes) != 1 || r.listenedTo() || r.state != readOpen || r.flow != flowOn || r.hasAhead() {
		return nil
	}
	p := r.pipes[0]
	if p.noSplice || p.dst.state != writeOpen || !p.dst.queue.empty() {
		return nil
	}
	if p.dst.splicing != nil && p.dst.splicing != p {
		return nil // Another source waits for room: behind it there is only the queue.
	}
	if !r.d.isPipe() && !p.dst.d.isPipe() {
		return nil
	}
	if r.d.mayWait() || p.dst.d.mayWait() {
		return nil
	}
	return p
}

// mayWait reports whether splice(2) could block on d: only pipes heed SPLICE_F_NONBLOCK, and files
// never wait. A socket's own mode is looked at each time, because others who have it may have
// changed that.
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

// spliceOnce splices once: the source is empty then, or dst full, or both are larger than that. It
// runs when the source is readable, and again, while dst.source is set and the source is blocked,
// when dst is writable. If there is more to do, the poller says so at once, which costs no more
// than to be refused by another splice(2), and nothing when there is not.
func (p *pipe) spliceOnce() {
	r, w := p.src, p.dst
	// Somebody has begun to listen or to write to dst, or has paused r, meanwhile.
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
		// Not these two descriptors, or not here: back to copying. A read knows what EIO means of a
		// terminal.
		p.noSplice = true
		p.waitForSource()
	case err == unix.EPIPE || err != nil && !w.d.isPipe():
		// A pipe gives no other error: it is the other side's.
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
		w.written += n // Nobody's WriteThen waits for these bytes: the queue is empty.
	}
}

// waitForSide finds out which side splice(2) would wait for.
func (p *pipe) waitForSide() {
	if p.src.d.hasInput() {
		p.dst.splicing = p
		p.blockSource()
		p.dst.d.update()
		return
	}
	p.waitForSource()
}

// waitForSource goes back to waiting for the source.
func (p *pipe) waitForSource() {
	if p.dst.splicing == p {
		p.dst.splicing = nil
		p.dst.d.update()
	}
	if !p.dst.NeedDrain() {
		p.unblockSource()
	}
}

// hasInput asks poll(2) whether a read would not wait.
func (d *descriptor) hasInput() bool {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n == 1
}
