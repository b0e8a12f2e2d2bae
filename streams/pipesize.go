package streams

import (
	"sync/atomic"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// A pipe with heavy traffic is enlarged: its writer can go on while the loop is elsewhere, one read
// takes more bytes, so the writer is woken less often, and splice(2) moves larger parts. The memory
// counts for the user, not for the program: a user whose pipes hold 64 MiB together
// (pipe-user-pages-soft, 16,384 pages, see pipe(7)) gets pipes of 8 KiB from then on, in every
// program. So a pipe is enlarged late, only a few pipes are, and each gets its former capacity back
// when its traffic is over. All of this runs on the loop goroutine, except for largePipeCount. If
// the system refuses, the pipe stays as it is.
const (
	// largePipeSize is the capacity of an enlarged pipe in bytes. Linux makes pipes of 64 KiB.
	largePipeSize = 256 << 10

	// busyTraffic is the number of bytes within trafficWindow from which on a pipe is enlarged:
	// more than most children write, and so little that a stream of 16 MiB gains by it. With less
	// than quietTraffic in a window the pipe gets its former capacity back. The gap between the two
	// keeps pipes from changing to and fro.
	busyTraffic   = 1 << 20
	quietTraffic  = 512 << 10
	trafficWindow = time.Second

	// maxLargePipes is the number of pipes that a program may enlarge at a time. With 4 MiB they
	// are a sixteenth of the user's default limit; where the limit is less, they get 1/userShare of
	// it. Root, whom the kernel does not limit, gets no more.
	maxLargePipes = 16
	userShare     = 16
)

// largePipeCount is the number of enlarged pipes of the program. It is the only state that loops
// share, because the limit is the program's.
var largePipeCount atomic.Int32

// pipeLoad is the traffic of one descriptor.
type pipeLoad struct {
	since      time.Time // beginning of the window
	moved      int       // bytes since then
	formerSize int       // capacity in bytes before the pipe was enlarged; 0 while it is not
	refused    bool      // the pipe must stay as it is: the system refused, or KeepSize was given
}

// largePipes are the enlarged pipes of one loop.
type largePipes struct {
	pipes  []*descriptor  // those whose load.formerSize is not 0
	limit  int            // most pipes that the program may enlarge; valid once size is not 0
	size   int            // capacity of each in bytes; 0 until findLimits
	buffer []byte         // shared by the reads of enlarged pipes; nil while there is no need
	timer  *reactor.Timer // calls shrinkQuiet; nil before the first pipe
}

// noteTraffic counts n bytes that were moved, and enlarges a pipe that is busy.
func (d *descriptor) noteTraffic(n int) {
	d.load.moved += n
	if d.load.moved < busyTraffic || d.load.formerSize > 0 || d.load.refused {
		return
	}
	now := d.loop.Now()
	if now.Sub(d.load.since) < trafficWindow {
		d.enlarge()
	}
	d.load.since, d.load.moved = now, 0
}

// enlarge enlarges a busy pipe, if the system and the limits allow it.
func (d *descriptor) enlarge() {
	h := d.hub
	size, err := fd.PipeSize(d.fd)
	if err != nil || !h.large.findLimits() || size >= h.large.size {
		d.load.refused = true // No pipe, or its owner has enlarged it, or the limit is 0.
		return
	}
	if int(largePipeCount.Add(1)) > h.large.limit {
		largePipeCount.Add(-1) // The next window tries again: other pipes may be quiet then.
		return
	}
	if fd.SetPipeSize(d.fd, h.large.size) != nil {
		largePipeCount.Add(-1)
		d.load.refused = true
		return
	}
	d.load.formerSize = size
	h.large.pipes = append(h.large.pipes, d)
	if h.large.timer == nil {
		h.large.timer = d.loop.SetInterval(trafficWindow, h.large.shrinkQuiet)
		h.large.timer.Unref()
	} else if len(h.large.pipes) == 1 {
		h.large.timer.Reset(trafficWindow)
	}
}

// readBuffer returns the memory that d is read into. It is shared: the next read overwrites it.
func (d *descriptor) readBuffer() []byte {
	g := &d.hub.large
	if d.load.formerSize == 0 || g.size <= readBufferSize {
		return d.hub.readBuffer
	}
	if g.buffer == nil {
		g.buffer = make([]byte, g.size)
	}
	return g.buffer
}

// findLimits looks up the limits of the system once, and reports whether they allow any enlarged
// pipe.
func (g *largePipes) findLimits() bool {
	if g.size == 0 {
		size, user := fd.PipeLimits()
		g.size, g.limit = largePipeSize, maxLargePipes
		if size > 0 {
			g.size = min(g.size, size)
		}
		if user > 0 {
			g.limit = min(g.limit, user/userShare/g.size)
		}
	}
	return g.limit > 0
}

// shrinkQuiet gives quiet pipes their former capacity back. It drops the buffer and stops the timer
// only when a whole window had no enlarged pipe: the next busy pipe, such as that of the next
// child, then finds the buffer.
func (g *largePipes) shrinkQuiet() {
	if len(g.pipes) == 0 {
		g.buffer = nil
		g.timer.Stop()
		return
	}
	busy := g.pipes[:0]
	for _, d := range g.pipes {
		// A pipe that holds more bytes than its former capacity cannot shrink yet: its reader is
		// slow.
		if d.load.moved < quietTraffic && fd.SetPipeSize(d.fd, d.load.formerSize) == nil {
			d.load.formerSize = 0
			largePipeCount.Add(-1)
		} else {
			busy = append(busy, d)
		}
		d.load.since, d.load.moved = d.loop.Now(), 0
	}
	clear(g.pipes[len(busy):])
	g.pipes = busy
}

// restorePipeSize gives a pipe its former capacity back before the stream closes its descriptor,
// because others may keep the pipe open.
func (d *descriptor) restorePipeSize() {
	if d.load.formerSize == 0 {
		return
	}
	_ = fd.SetPipeSize(d.fd, d.load.formerSize) // Best effort: it may be full.
	d.load.formerSize = 0
	largePipeCount.Add(-1)
	g := &d.hub.large
	for i, other := range g.pipes {
		if other == d {
			last := len(g.pipes) - 1
			g.pipes[i], g.pipes[last] = g.pipes[last], nil
			g.pipes = g.pipes[:last]
			break
		}
	}
}
