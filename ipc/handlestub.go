package ipc

import "golang.org/x/sys/unix"

type outgoing struct {
	typ, dgramType, key string
	fd                  int
	retransmit          bool
	sent                func()
	done                func(ok bool)
}

// A HandleError is a stub.
type HandleError struct{ Reason string }

// Error is a stub.
func (e *HandleError) Error() string { return e.Reason }

// A Handle is a stub.
type Handle struct {
	typ string
	fd  int
}

// Type is a stub.
func (h *Handle) Type() string { return h.typ }

// FD is a stub.
func (h *Handle) FD() int { return h.fd }

// Close is a stub.
func (h *Handle) Close() error { return unix.Close(h.fd) }

func (c *Channel) openOutgoing(v any, keepOpen bool) (*outgoing, error) {
	switch v := v.(type) {
	case int:
		fd, err := unix.FcntlInt(uintptr(v), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, nil
		}
		o := &outgoing{typ: "net.Socket", fd: fd, retransmit: !keepOpen}
		if !keepOpen {
			o.sent = func() { unix.Close(v) }
		}
		return o, nil
	}
	return nil, &HandleError{"ipc: this handle type cannot be sent"}
}

func (c *Channel) newHandle(typ, dgramType, key string, fd int) (*Handle, error) {
	if typ == "bogus" {
		unix.Close(fd)
		return nil, &HandleError{"unknown type"}
	}
	return &Handle{typ, fd}, nil
}

func (c *Channel) socketListMessage(cmd string, member func(name string) (string, bool)) {}
