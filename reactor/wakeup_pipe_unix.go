//go:build unix

package reactor

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// pipeWaker wakes through a pipe(2), where the system has nothing better or [Options].PipeWakeup
// asks for it.
type pipeWaker struct {
	r, w int      // owned, both in non-blocking mode
	buf  [64]byte // memory for drain, on the loop goroutine
}

var pipeOne = []byte{1}

func newPipeWaker() (waker, error) {
	r, w, err := fd.PipeNonblock()
	if err != nil {
		return nil, wrap("pipe", -1, err)
	}
	return &pipeWaker{r: r, w: w}, nil
}

// wake may fail with EAGAIN: then the pipe is full of wake-ups that the loop has not yet seen, and
// one of them is enough.
func (p *pipeWaker) wake() { _, _ = fd.Write(p.w, pipeOne) }

func (p *pipeWaker) drain() {
	for {
		if n, _ := fd.Read(p.r, p.buf[:]); n < len(p.buf) {
			return // The pipe is empty.
		}
	}
}

func (p *pipeWaker) fd() int         { return p.r }
func (p *pipeWaker) mode() Readiness { return 0 }

func (p *pipeWaker) close() error {
	return firstError(wrap("close", p.r, unix.Close(p.r)), wrap("close", p.w, unix.Close(p.w)))
}
