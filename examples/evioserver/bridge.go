//go:build darwin || freebsd || linux

package main

import (
	"errors"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
)

// The two messages between the bridge and evio's goroutine, strictly in turns: the bridge asks, evio's callback turns the
// loop and answers. Until the answer the bridge does not look at the loop's descriptor, which stays readable meanwhile.
var (
	turn   = []byte{'t'}
	turned = []byte{'d'}
)

// A bridge makes evio turn the brood loop when its descriptor is readable. It is a connection of the server with itself,
// which is the one thing that evio wakes up for on every system.
type bridge struct {
	dir  string // private to this user, deleted by close
	path string // the address that evio serves for the bridge
	fd   int    // the loop's, borrowed
	conn *net.UnixConn
	done chan struct{} // closed when the goroutine has ended; nil if it was not started
}

func newBridge(loop *reactor.Loop) (*bridge, error) {
	fd := loop.FD()
	if fd < 0 {
		return nil, errors.New("no descriptor left for the timers of the loop")
	}
	dir, err := os.MkdirTemp("", "evioserver-")
	if err != nil {
		return nil, err
	}
	return &bridge{dir: dir, path: filepath.Join(dir, "bridge"), fd: fd}, nil
}

// start connects to the server, whose evio listens already but does not accept yet, and starts the goroutine. It ends when
// evio has closed its side of the connection, which it does before Serve returns; close waits for it.
func (b *bridge) start() error {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: b.path})
	if err != nil {
		return err
	}
	b.conn = conn
	b.done = make(chan struct{})
	go b.run()
	return nil
}

// close waits for the goroutine. It is called when the server has ended.
func (b *bridge) close() {
	if b.done != nil {
		<-b.done
		_ = b.conn.Close() // Nothing was left to be sent.
	}
	_ = os.RemoveAll(b.dir) // Best effort: it is empty by now, and in the directory for temporary files.
}

// run sleeps until the loop has something to do, has it turned, and so on.
func (b *bridge) run() {
	defer close(b.done)
	answer := make([]byte, len(turned))
	for b.wait() {
		if _, err := b.conn.Write(turn); err != nil {
			return
		}
		if _, err := b.conn.Read(answer); err != nil {
			return
		}
	}
}

// wait returns true when the loop's descriptor is readable, and false when evio has closed the connection.
func (b *bridge) wait() bool {
	raw, err := b.conn.SyscallConn()
	if err != nil {
		return false
	}
	ready := false
	err = raw.Control(func(conn uintptr) {
		fds := []unix.PollFd{{Fd: int32(b.fd), Events: unix.POLLIN}, {Fd: int32(conn), Events: unix.POLLIN}}
		for {
			if _, err := unix.Poll(fds, -1); err != unix.EINTR {
				ready = err == nil && fds[1].Revents == 0
				return
			}
		}
	})
	return err == nil && ready
}
