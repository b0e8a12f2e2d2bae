package pool

import (
	"io"
	"os"
	"sync"
)

// copying is an attachment that is read on a goroutine of its own, until its task is settled: from
// then on it is the caller's again. Its methods are safe to call from any goroutine.
type copying struct {
	mu      sync.Mutex
	data    []byte // that is left to read
	stopped bool   // it was stopped
}

// WriteTo makes it an io.WriterTo: it writes in pieces of quickFile bytes, between which it can be
// stopped.
func (c *copying) WriteTo(dst io.Writer) (n int64, err error) {
	for more := true; more && err == nil; {
		var k int
		k, more, err = c.writeSome(dst)
		n += int64(k)
	}
	return n, err
}

func (c *copying) writeSome(dst io.Writer) (n int, more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return 0, false, os.ErrClosed // Nobody wants to know.
	}
	n, err = dst.Write(c.data[:min(len(c.data), quickFile)])
	c.data = c.data[n:]
	return n, len(c.data) > 0, err
}

// stop returns when the data is not read any more. That takes no longer than a piece, which the
// loop may write itself.
func (c *copying) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.data = nil
}
