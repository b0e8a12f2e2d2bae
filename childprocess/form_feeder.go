package childprocess

import (
	"errors"
	"io"
	"sync"
)

// feeder copies an io.Reader to the child's stdin, on a goroutine of its own (run), because a Read
// may block. The goroutine ends at the end of the source, when stdin is closed, or after stop, with
// the Read that was under way. All fields above mu are set before run starts.
type feeder struct {
	src     io.Reader      // borrowed; read by run alone
	size    int            // bytes in src; -1: not known
	dst     io.WriteCloser // Stdin.Writer(): blocks while the pipe is full
	onError func(error)    // called at most once, by run, with an *InputError
	fd      int            // number of stdin's descriptor, for an error

	done chan struct{} // closed by run at its end

	mu      sync.Mutex // guards the fields below
	reading bool       // a Read is under way; it may never return
	stopped bool       // no other Read may begin
	given   int64      // bytes read before stop
}

// maxEmptyReads is the number of Reads in a row that return 0, nil, after which run gives up.
const maxEmptyReads = 100

// run is the goroutine. It is started by feed and is over when done is closed.
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
				return // Stdin was destroyed; the cause is reported elsewhere.
			}
		} else if empty++; empty == maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
		switch {
		case err == io.EOF:
			_ = f.dst.Close() // As for Write.
			return
		case err != nil:
			f.onError(&InputError{err})
			return
		}
	}
}

// errBadCount is the error for a Reader that breaks the contract of io.Reader.
var errBadCount = errors.New("impossible count from Read")

// startRead reports whether run may call Read, and notes that it does.
func (f *feeder) startRead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = !f.stopped
	return f.reading
}

// finishRead notes that a Read returned n bytes. It reports whether the child still wants them.
func (f *feeder) finishRead(n int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reading = false
	if !f.stopped {
		f.given += int64(n)
	}
	return !f.stopped
}

// stop lets no other Read begin. Safe to call from any goroutine.
func (f *feeder) stop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stopped = true
}

// wait returns when the goroutine has ended, or is blocked in its Read, which may last for ever. It
// must be called after stop, and after stdin was closed, because a Write may block until then.
func (f *feeder) wait() {
	f.mu.Lock()
	reading := f.reading
	f.mu.Unlock()
	if !reading {
		<-f.done
	}
}

// expected returns the bytes that the child had to take: all of src if its size is known, else the
// bytes that were read before stop.
func (f *feeder) expected() int64 {
	if f.size >= 0 {
		return int64(f.size)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.given
}
