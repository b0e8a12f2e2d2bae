package host

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// bindStdio gives the library the system calls of process.stdin, stdout and stderr, and of
// terminals.
func bindStdio(b *builder) {
	b.fn("read", func(c *engine.Call) (engine.Value, error) {
		bytes, _ := c.Arg(1).Bytes()
		n, err := readOnce(int(c.Arg(0).Int()), bytes)
		return resultOf(c, n, err)
	})
	b.fn("write", func(c *engine.Call) (engine.Value, error) {
		bytes, ok := c.Arg(1).Bytes()
		if !ok {
			bytes = []byte(outsideText(c.Arg(1)))
		}
		return resultOf(c, 0, writeAll(int(c.Arg(0).Int()), bytes))
	})
	// writeSync(fd, text) throws the error that write returns.
	b.fn("writeSync", func(c *engine.Call) (engine.Value, error) {
		return c.Undefined(), writeAll(int(c.Arg(0).Int()), []byte(outsideText(c.Arg(1))))
	})
	b.fn("isatty", func(c *engine.Call) (engine.Value, error) { return c.Bool(isTerminal(int(c.Arg(0).Int()))), nil })
	b.fn("windowSize", func(c *engine.Call) (engine.Value, error) {
		size, err := unix.IoctlGetWinsize(int(c.Arg(0).Int()), unix.TIOCGWINSZ)
		if err != nil {
			return resultOf(c, 0, err)
		}
		return c.Array(c.Int(int64(size.Col)), c.Int(int64(size.Row))), nil
	})
	b.fn("setRawMode", func(c *engine.Call) (engine.Value, error) {
		return resultOf(c, 0, b.h.setRawMode(int(c.Arg(0).Int()), c.Arg(1).Bool()))
	})
}

// readOnce reads once. It blocks while a non-blocking descriptor has nothing.
func readOnce(fd int, p []byte) (int, error) {
	for {
		n, err := unix.Read(fd, p)
		switch err {
		case unix.EINTR:
		case unix.EAGAIN:
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1); err != nil && err != unix.EINTR {
				return 0, err
			}
		default:
			return n, err
		}
	}
}

// setRawMode switches a terminal to raw mode, where each key is read at once and not echoed, or
// back. The host restores the settings when it ends.
func (h *Host) setRawMode(fd int, on bool) error {
	if !on {
		return h.restoreTerminal(fd)
	}
	if _, ok := h.raw[fd]; ok {
		return nil
	}
	t, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	before := *t
	t.Iflag &^= unix.BRKINT | unix.ICRNL | unix.INPCK | unix.ISTRIP | unix.IXON
	t.Oflag |= unix.ONLCR
	t.Cflag |= unix.CS8
	t.Lflag &^= unix.ECHO | unix.ICANON | unix.IEXTEN | unix.ISIG
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, setTermiosDrained, t); err != nil {
		return err
	}
	if h.raw == nil {
		h.raw = map[int]unix.Termios{}
	}
	h.raw[fd] = before
	return nil
}

func (h *Host) restoreTerminal(fd int) error {
	before, ok := h.raw[fd]
	if !ok {
		return nil
	}
	delete(h.raw, fd)
	return unix.IoctlSetTermios(fd, setTermiosDrained, &before)
}

func (h *Host) restoreTerminals() {
	for fd := range h.raw {
		_ = h.restoreTerminal(fd) // Best effort: the terminal may be gone.
	}
}
