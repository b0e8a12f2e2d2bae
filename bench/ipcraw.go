package main

import (
	"encoding/binary"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// rawPair is this process and a child with a socketpair between them and nothing else, as a program
// in C would do it. Frames are of size bytes. It owns its end of the socket.
type rawPair struct {
	rawSocket
	pid int
}

// newRawPair starts a pair that waits in the given way, see newRawSocket.
func newRawPair(way string, size int) *rawPair {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	check(err)
	pid, err := syscall.ForkExec(self(), []string{self(), "-child-ipc-raw", way, strconv.Itoa(size)}, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2, uintptr(fds[1])},
	})
	check(err)
	check(unix.Close(fds[1]))
	return &rawPair{newRawSocket(fds[0], way, size), pid}
}

// A frame begins with an order to the child: 0 to send the frame back, else the number of frames to
// send.

func (p *rawPair) echo(n int, _ *ipcMessage) time.Duration {
	clear(p.frame)
	start := time.Now()
	for range n {
		p.write()
		p.read()
	}
	return time.Since(start)
}

func (p *rawPair) source(n int, _ *ipcMessage) time.Duration {
	binary.NativeEndian.PutUint64(p.frame, uint64(n))
	start := time.Now()
	p.write()
	buf := make([]byte, chunk)
	for left := n * len(p.frame); left > 0; {
		left -= rawCall(unix.SYS_READ, p.fd, buf[:min(left, chunk)])
	}
	return time.Since(start)
}

func (p *rawPair) pids() (parent, child int) { return os.Getpid(), p.pid }

func (p *rawPair) close() {
	p.rawSocket.close()
	var ws syscall.WaitStatus
	_, err := syscall.Wait4(p.pid, &ws, 0, nil)
	check(err)
}

// rawIPCChild is the child. Its end of the socket is descriptor 3.
func rawIPCChild(way string, size int) {
	s := newRawSocket(3, way, size)
	for s.read() {
		n := binary.NativeEndian.Uint64(s.frame)
		for range max(n, 1) {
			s.write()
		}
	}
}

// rawSocket reads and writes frames.
type rawSocket struct {
	fd    int
	epoll int // -1: read blocks
	frame []byte
}

// newRawSocket waits for a frame in an epoll if way is "epoll", as an event loop does, else in the
// read itself. It takes ownership of fd.
func newRawSocket(fd int, way string, size int) rawSocket {
	s := rawSocket{fd, -1, make([]byte, size)}
	if way == "epoll" {
		check(unix.SetNonblock(fd, true))
		var err error
		s.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		check(err)
		check(unix.EpollCtl(s.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
	}
	return s
}

// write writes the frame. A socket that does not block has room for it.
func (s rawSocket) write() {
	for p := s.frame; len(p) > 0; {
		p = p[rawCall(unix.SYS_WRITE, s.fd, p):]
	}
}

// read reads a frame. It reports false at the end.
func (s rawSocket) read() bool {
	var one [1]unix.EpollEvent
	for p := s.frame; len(p) > 0; {
		if s.epoll >= 0 {
			rawEpollWait(s.epoll, one[:])
		}
		n := rawCall(unix.SYS_READ, s.fd, p)
		if n == 0 {
			return false
		}
		p = p[n:]
	}
	return true
}

func (s rawSocket) close() {
	check(unix.Close(s.fd))
	if s.epoll >= 0 {
		check(unix.Close(s.epoll))
	}
}
