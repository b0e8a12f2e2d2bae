package streams

import (
	"sync/atomic"
	"time"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
)

// A pipe through which much goes is given a larger capacity: its writer can go on while the loop is
// elsewhere, and splice(2) makes fewer, larger hand-overs. The memory is not the program's but the
// user's: a user whose pipes have 64 MiB together (pipe-user-pages-soft, 16,384 pages) gets pipes
// of 8 KiB from then on, in every program. So it is done late, for few pipes, and undone when the
// traffic is over. One read takes all that it holds: its writer is woken, and made to wait, once
// for that, not for each part of it.
const (
	// largePipeSize is in bytes; Linux makes pipes of 64 KiB.
	largePipeSize = 256 << 10

	// busyTraffic is the traffic, in bytes within trafficWindow, from which on a pipe is enlarged:
	// more than most children write, and little enough that a stream of 16 MiB gains by it. Under
	// quietTraffic in such a time it gets its former capacity back; there is a gap between the two,
	// so that no pipe goes to and fro.
	busyTraffic   = 1 << 20
	quietTraffic  = 512 << 10
	trafficWindow = time.Second

	// maxLargePipes is how many pipes a program may enlarge at a time: with 4 MiB it has a
	// sixteenth of what its user may have by default, and userShare of it where that is less. Root,
	// whom the kernel does not limit, gets no more.
	maxLargePipes = 16
	userShare     = 16
)

// largePipeCount is of the whole program, because the limit is. It is the only state that loops
// share.
var largePipeCount atomic.Int32

// pipeLoad is the traffic of one descriptor.
type pipeLoad struct {
	since      time.Time // when the window was begun
	moved      int       // bytes since then
	formerSize int       // what the pipe held before it was enlarged, 0 if it was not
	refused    bool      // the system does not enlarge it, or it is to stay as it is
}

// largePipes are the enlarged pipes of one loop.
type largePipes struct {
	pipes  []*descriptor
	limit  int    // how many the program may have, 0 until it was looked up
	size   int    // of each
	buffer []byte // what they are read into, nil until one is
	// looks whether they are still busy; nil before the first, stopped when there has been none for
	// a while
	timer *reactor.Timer
}

// noteTraffic notes that n bytes were moved, all of them in the kernel's buffer at once.
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

// enlarge is called for what has just been busy.
func (d *descriptor) enlarge() {
	h := d.hub
	size, err := fd.PipeSize(d.fd)
	if err != nil || !h.large.findLimits() || size >= h.large.size {
		d.load.refused = true // No pipe, or its owner has enlarged it, or nobody may.
		return
	}
	if int(largePipeCount.Add(1)) > h.large.limit {
		largePipeCount.Add(-1) // For now: others may become quiet.
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

// readBuffer is what d is read into.
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

// findLimits finds out what the system allows, and reports whether that is anything.
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

// shrinkQuiet gives back what quiet pipes were given, and the memory when there has been none of
// them for a while: until then the next busy pipe has it, as that of the next child.
func (g *largePipes) shrinkQuiet() {
	if len(g.pipes) == 0 {
		g.buffer = nil
		g.timer.Stop()
		return
	}
	busy := g.pipes[:0]
	for _, d := range g.pipes {
		// What holds more than it did before has a reader that is behind, and is looked at again.
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

// restorePipeSize gives a pipe back as it came; others may have it open for long.
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
