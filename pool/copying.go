package pool

import (
	"io"
	"os"
	"sync"
)

// copying writes an attachment into a file of memory, on a goroutine of its own (see
// Pool.prepareAttachment). The bytes belong to the caller again when the task is settled, so
// settling it stops the copy.
//
// Its methods are safe to call from any goroutine.
type copying struct {
	mu      sync.Mutex
	data    []byte // the rest to write; the caller's memory
	stopped bool
}

// WriteTo implements io.WriterTo. It writes quickFile bytes at a time, so that stop need not wait
// longer.
func (c *copying) WriteTo(dst io.Writer) (n int64, err error) {
	for more := true; more && err == nil; {
		var k int
		k, more, err = c.writeSome(dst)
		n += int64(k)
	}
	return n, err
}

// writeSome writes the next quickFile bytes, and reports whether more are left. It returns
// os.ErrClosed after stop.
func (c *copying) writeSome(dst io.Writer) (n int, more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return 0, false, os.ErrClosed // Its task is settled.
	}
	n, err = dst.Write(c.data[:min(len(c.data), quickFile)])
	c.data = c.data[n:]
	return n, len(c.data) > 0, err
}

// stop ends the copy. When it returns, data is not read any more. It waits for at most one write of
// quickFile bytes, no more than the loop goroutine also writes by itself.
func (c *copying) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.data = nil
}
