//go:build unix

package reactor

import "golang.org/x/sys/unix"

// pipeWaker wakes through a pipe(2), where the system has nothing better or [Options].PipeWakeup asks for it.
type pipeWaker struct {
	r, w int
	buf  [64]byte // of drain, which would allocate one
}

var pipeOne = []byte{1}

func newPipeWaker() (waker, error) {
	r, w, err := wakeupPipe()
	if err != nil {
		return nil, wrap("pipe", -1, err)
	}
	return &pipeWaker{r: r, w: w}, nil
}

func (p *pipeWaker) wake() {
	for {
		// EAGAIN means the pipe is full of wake-ups nobody has seen yet: one of them will do.
		if _, err := unix.Write(p.w, pipeOne); err != unix.EINTR {
			return
		}
	}
}

func (p *pipeWaker) drain() {
	for {
		n, err := unix.Read(p.r, p.buf[:])
		if err == unix.EINTR || n == len(p.buf) {
			continue
		}
		return
	}
}

func (p *pipeWaker) fd() int         { return p.r }
func (p *pipeWaker) mode() Readiness { return 0 }

func (p *pipeWaker) close() error {
	return firstError(wrap("close", p.r, unix.Close(p.r)), wrap("close", p.w, unix.Close(p.w)))
}
