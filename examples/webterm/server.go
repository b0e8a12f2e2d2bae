package main

import (
	"context"
	"embed"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/reactor"
)

// killGrace is how long a program may take to end once it was hung up.
const killGrace = 2 * time.Second

// headerLimit is the time that a browser may take for its request.
const headerLimit = 10 * time.Second

//go:embed page
var files embed.FS

// A server serves the page, and a session to each page. Its methods are safe to call from any
// goroutine but the loop's.
type server struct {
	guard
	children children
	ln       net.Listener
	http     http.Server

	mu      sync.Mutex
	closing bool // no session begins any more
	// http does not wait for the connections that are hijacked from it; it grows under mu
	sessions sync.WaitGroup
}

func newServer(loop *reactor.Loop, ln net.Listener, command []string) *server {
	s := &server{guard: newGuard(ln.Addr().(*net.TCPAddr)), children: children{loop, command, killGrace}, ln: ln}
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic("webterm: " + err.Error()) // The name is valid.
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.Handle("GET /{$}", s.withToken(http.FileServerFS(page)))
	mux.Handle("GET /session", s.withToken(http.HandlerFunc(s.session)))
	s.http = http.Server{Handler: s.protect(mux), ReadHeaderTimeout: headerLimit}
	return s
}

// serve serves until ctx ends, and then ends all sessions, and waits for them.
func (s *server) serve(ctx context.Context) error {
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() }) // Serve reports its errors.
	defer stop()
	err := s.http.Serve(s.ln)
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.sessions.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// enter reports whether a session may begin, which leave ends.
func (s *server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.sessions.Add(1)
	}
	return !s.closing
}

func (s *server) leave() { s.sessions.Done() }

// session is the handler of a page's WebSocket, whose query says how large the terminal is.
func (s *server) session(w http.ResponseWriter, r *http.Request) {
	rows, cols := dimension(r, "rows"), dimension(r, "cols")
	switch {
	case rows == 0 || cols == 0:
		http.Error(w, "rows and cols are 1 to 65535", http.StatusBadRequest)
		return
	case !loopback.Own(r):
		http.Error(w, "another site's page", http.StatusForbidden)
		return
	case !s.enter():
		http.Error(w, "webterm is ending", http.StatusServiceUnavailable)
		return
	}
	defer s.leave()
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered.
	}
	defer conn.CloseNow()
	// The context of the request is the server's until the connection is hijacked, and nothing
	// reliable afterwards.
	serveSession(s.http.BaseContext(s.ln), conn, &s.children, rows, cols)
}

// dimension returns a number of characters from the query, 0 if that has no such number.
func dimension(r *http.Request, name string) uint16 {
	n, err := strconv.ParseUint(r.URL.Query().Get(name), 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
