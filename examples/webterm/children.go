package main

import (
	"context"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// closeGrace is the time for which the output of processes in the background is still shown.
const closeGrace = 200 * time.Millisecond

// children starts the programs, on the loop that owns them. Its methods are for other goroutines
// than the loop's.
type children struct {
	loop    *reactor.Loop
	command []string
	grace   time.Duration // from the hang-up to SIGKILL
}

// A child is one program and its terminal. Its fields are for other goroutines than the loop's.
type child struct {
	process *childprocess.ChildProcess
	loop    *reactor.Loop
	grace   time.Duration

	shown io.ReadCloser  // output of the terminal; the loop reads ahead little of it
	keys  io.WriteCloser // input of the terminal; Write waits while it takes no more
}

// start returns a child on a terminal of that size, and wait tells if it could not be started after
// all.
func (s *children) start(ctx context.Context, rows, cols uint16) (c *child, err error) {
	o := &childprocess.Options{
		Env:        append(os.Environ(), "TERM=xterm-256color"),
		Stdio:      childprocess.AllStdio(childprocess.PTY(&childprocess.PTYOptions{Rows: rows, Cols: cols})),
		KillSignal: syscall.SIGHUP,
		KillScope:  scope,
		CloseGrace: closeGrace,
	}
	failed := s.loop.Do(ctx, func() {
		var p *childprocess.ChildProcess
		if p, err = childprocess.Spawn(s.loop, s.command[0], s.command[1:], o); err != nil {
			return
		}
		t := p.Terminal()
		c = &child{p, s.loop, s.grace, t.Readable.Reader(), t.Writable.Writer()}
	})
	if failed != nil {
		return nil, failed
	}
	return c, err
}

// resize tells the program that its terminal has another size. Neither number is 0. It waits for
// the loop, so that a browser cannot ask for it faster than it is done.
func (c *child) resize(ctx context.Context, rows, cols uint16) {
	// The terminal may be closed already, and the loop.
	_ = c.loop.Do(ctx, func() { _ = c.process.Terminal().Resize(rows, cols) })
}

// hangUp ends the program, with the processes that it started, and closes the terminal. It does
// nothing to a program that has ended.
func (c *child) hangUp() {
	// On a loop that is closed the terminal is, too.
	_ = c.loop.Post(func() {
		c.process.Terminate(c.grace)
		c.process.Terminal().Destroy(nil)
	})
}

// wait waits for the end and returns it in words.
func (c *child) wait() string {
	status, err := c.process.Wait(context.Background())
	if err != nil {
		return err.Error()
	}
	return status.String()
}
