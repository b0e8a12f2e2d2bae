package childprocess

import (
	"errors"
	"io"
	"sync"
)

// feeder reads what a child gets on stdin, on a goroutine of its own, since nobody knows how long a
// Read takes. It is told to stop when the child has exited. It ends when the source does, when
// stdin takes no more, or with the first Read that returns after that.
type feeder struct {
	src     io.Reader
	size    int            // of what src has, in bytes; -1: not known
	dst     io.WriteCloser // the bridge to stdin, which blocks while the pipe is full
	onError func(error)    // told of an error of src, once
	fd      int            // stdin's descriptor, while it was open

	done chan struct{} // closed with the end of the goroutine

	mu      sync.Mutex
	reading bool  // a Read is under way, which can last for ever
	stopped bool  // no other is to begin
	given   int64 // bytes read for the child
}

// maxEmptyReads is how often in a row Read may return nothing.
const maxEmptyReads = 100

// run is the goroutine.
func (f *feeder) run() {
	defer close(f.done)
	buf := make([]byte, inputChunk)
	empty := 0
	for f.startRead() {
		n, err := f.src.Read(buf)
		if n < 0 || n > len(buf) {
			n, err = 0, errBadCount
		}
		if !f.finishRead(n) {
			return
		}
		if n > 0 {
			empty = 0
			if _, err := f.dst.Write(buf[:n]); err != nil {
				return // Stdin is closed, for a reason that is known.
			}
		} else if empty++; empty == maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
		switch {
		case err == io.EOF:
			_ = f.dst.Close() // As above.
			return
		case err != nil:
			f.onError(&InputError{err})
			return
		}
	}
}

// errBadCount is what a Reader has done that is none.
var errBadCount = errors.New("impossible count from Read")

// startRead reports whether there is to be another Read.
func (f *feeder) startRead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = !f.stopped
	return f.reading
}

// finishRead is told what Read has returned, and reports whether anybody still wants it.
func (f *feeder) finishRead(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	if !f.stopped {
		f.given += int64(n)
	}
	return !f.stopped
}

// stop has no other Read begin.
func (f *feeder) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}

// wait returns, after stop and when stdin is closed, once the goroutine has ended or is only
// waiting for its Read.
func (f *feeder) wait() {
	f.mu.Lock()
	reading := f.reading
	f.mu.Unlock()
	if !reading {
		<-f.done
	}
}

// expected returns how many bytes the child was to take: all, or what was read by the time of its
// exit when nobody knows how much that is.
func (f *feeder) expected() int64 {
	if f.size >= 0 {
		return int64(f.size)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given
}
