package main

import (
	"context"
	"encoding/json"
	"errors"
	"sync"

	"github.com/coder/websocket"
)

// A message is a text frame. Input and output are binary frames, cut anywhere: the browser puts
// together characters of several bytes. In each message one field is set.
type message struct {
	// both ways: so many bytes more are dealt with, see windowSize
	Done int    `json:"done,omitempty"`
	Size *size  `json:"size,omitempty"` // to the server: of the terminal
	End  string `json:"end,omitempty"`  // to the browser, the last one: how the program has ended
}

type size struct {
	Rows uint16 `json:"rows"`
	Cols uint16 `json:"cols"`
}

// frameSize is how many bytes of output a frame has at most.
const frameSize = 16 << 10

// errEnded is why the goroutines of a session end when its program has.
var errEnded = errors.New("the program has ended")

// errProtocol ends a session whose browser sends anything that the page does not send.
var errProtocol = errors.New("not what the page sends")

// A session is one program in one page. Three goroutines serve it: read has the connection's frames
// and never waits for the program, type has the keys, show the output.
type session struct {
	conn  *websocket.Conn
	child *child
	room  *window // in the browser, for output
	typed *inbox
}

// serveSession starts a program and returns when it has ended, and its terminal is closed, for
// whatever reason. It leaves conn to the caller.
func serveSession(ctx context.Context, conn *websocket.Conn, from *children, rows, cols uint16) {
	c, err := from.start(ctx, rows, cols)
	if err != nil {
		// The browser may be gone.
		_ = conn.Close(websocket.StatusInternalError, "the program cannot be started")
		return
	}
	s := &session{conn, c, newWindow(), newInbox()}
	conn.SetReadLimit(windowSize)
	ctx, cancel := context.WithCancelCause(ctx)
	defer context.AfterFunc(ctx, c.hangUp)()
	var all sync.WaitGroup
	all.Go(func() { cancel(s.read(ctx)) })
	all.Go(func() { s.typeKeys(ctx) })
	all.Go(func() {
		s.show(ctx)
		end := c.wait()
		s.tellEnd(ctx, end)
		cancel(errEnded)
	})
	all.Wait()
}

// read handles the frames from the browser. It returns the reason why no more of them come.
func (s *session) read(ctx context.Context) error {
	for {
		kind, p, err := s.conn.Read(ctx)
		if err != nil {
			return err
		}
		ok := false
		if kind == websocket.MessageBinary {
			ok = s.typed.put(p)
		} else {
			ok = s.told(ctx, p)
		}
		if !ok {
			s.child.hangUp()
			// The browser may be gone.
			_ = s.conn.Close(websocket.StatusPolicyViolation, errProtocol.Error())
			return errProtocol
		}
	}
}

// told deals with a message. It reports whether the page may have sent that.
func (s *session) told(ctx context.Context, p []byte) bool {
	var m message
	if json.Unmarshal(p, &m) != nil {
		return false
	}
	switch {
	case m.Size == nil:
		return m.Done > 0 && s.room.give(m.Done)
	case m.Size.Rows == 0 || m.Size.Cols == 0:
		return false
	}
	s.child.resize(ctx, m.Size.Rows, m.Size.Cols)
	return true
}

// typeKeys writes the inbox to the terminal, as fast as the program reads it.
func (s *session) typeKeys(ctx context.Context) {
	for {
		p, err := s.typed.take(ctx)
		if err != nil {
			return
		}
		if _, err = s.child.keys.Write(p); err != nil {
			return // The terminal is closed.
		}
		s.typed.done(len(p))
		if s.send(ctx, message{Done: len(p)}) != nil {
			return
		}
	}
}

// show sends the output of the terminal, as fast as the browser draws it, and returns at its end.
func (s *session) show(ctx context.Context) {
	buf := make([]byte, frameSize)
	for {
		room, err := s.room.wait(ctx)
		if err != nil {
			return
		}
		n, err := s.child.shown.Read(buf[:min(room, len(buf))])
		if err != nil {
			return // io.EOF, or the terminal was destroyed.
		}
		s.room.spend(n)
		if s.conn.Write(ctx, websocket.MessageBinary, buf[:n]) != nil {
			return
		}
	}
}

// tellEnd is the last that a browser hears of a session whose program has ended by itself.
func (s *session) tellEnd(ctx context.Context, end string) {
	if s.send(ctx, message{End: end}) == nil {
		_ = s.conn.Close(websocket.StatusNormalClosure, "") // The browser may be gone.
	}
}

func (s *session) send(ctx context.Context, m message) error {
	p, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return s.conn.Write(ctx, websocket.MessageText, p)
}
