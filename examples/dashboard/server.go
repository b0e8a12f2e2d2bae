package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/pool"
)

const (
	readLimit = 10 * time.Second // that a browser may take for its request
	loopLimit = 5 * time.Second  // that the loop may take to answer
	endLimit  = 2 * time.Second  // that requests may take when the server is to end
	maxBody   = 4 << 10          // bytes of a POST
)

//go:embed page
var files embed.FS

// A server serves the page. Its methods are safe to call from any goroutine but the loop's, and
// come to the board by Loop.Do.
type server struct {
	loopback.Guard
	board   *board
	ln      net.Listener
	http    http.Server
	streams chan struct{} // one for each stream that is open

	patience time.Duration // writeLimit
}

func newServer(b *board, ln net.Listener) *server {
	s := &server{
		Guard: loopback.NewGuard(ln.Addr().(*net.TCPAddr)), board: b, ln: ln,
		streams: make(chan struct{}, mostStreams), patience: writeLimit,
	}
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic("dashboard: " + err.Error()) // The name is valid.
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(page))
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("POST /reload", s.reload)
	mux.HandleFunc("POST /resize", s.number("workers", 1, mostWorkers, b.resize))
	mux.HandleFunc("POST /load", s.number("rate", 0, mostRate, func(n int) error { b.load.rate = n; return nil }))
	mux.HandleFunc("POST /kill", s.number("worker", 1, 1<<30, func(n int) error {
		if !b.pool.Kill(n) {
			return errGone
		}
		return nil
	}))
	s.http = http.Server{Handler: s.Protect(mux), ReadHeaderTimeout: readLimit}
	return s
}

var errGone = errors.New("there is no such worker")

// url is the address of the page.
func (s *server) url() string { return "http://" + s.Hosts[0] + "/" }

// serve serves until ctx ends, and all requests with it.
func (s *server) serve(ctx context.Context) error {
	s.http.BaseContext = func(net.Listener) context.Context { return ctx }
	ended := make(chan struct{})
	// It ends with the requests, soon. The receive below waits for it.
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		limit, cancel := context.WithTimeout(context.Background(), endLimit)
		defer cancel()
		if s.http.Shutdown(limit) != nil {
			_ = s.http.Close() // Serve reports its errors.
		}
	})
	err := s.http.Serve(s.ln)
	if stop() {
		close(ended) // Serve has failed by itself.
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// do runs fn on the loop, and reports false when it has answered the request because that was not
// possible.
func (s *server) do(w http.ResponseWriter, r *http.Request, fn func()) bool {
	ctx, cancel := context.WithTimeout(r.Context(), loopLimit)
	defer cancel()
	err := s.board.loop.Do(ctx, fn)
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
	}
	return err == nil
}

func (s *server) metrics(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer // A client that reads slowly does not hold up the loop.
	if s.do(w, r, func() { _ = s.board.pool.WriteMetrics(&text) }) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(text.Bytes()) // If it fails the client has gone.
	}
}

func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	health := ""
	switch {
	case !s.do(w, r, func() { health = s.board.health() }):
	case health != "":
		http.Error(w, health, http.StatusServiceUnavailable)
	default:
		_, _ = fmt.Fprintln(w, "ok")
	}
}

// reload answers when the reload is over.
func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	var refused error
	over := make(chan error, 1)
	if !s.do(w, r, func() { refused = s.board.pool.Reload(nil, func(err error) { over <- err }) }) {
		return
	}
	if refused == nil {
		select {
		case refused = <-over:
		case <-r.Context().Done():
			return
		}
	}
	finish(w, refused)
}

// number is the handler of a POST that sets a number from low to high, on the loop.
func (s *server) number(name string, low, high int, set func(int) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// TCP has deadlines.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readLimit))
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		n, err := strconv.Atoi(r.PostFormValue(name))
		if err != nil || !between(low, n, high) {
			http.Error(w, fmt.Sprintf("%s is a number from %d to %d", name, low, high), http.StatusBadRequest)
			return
		}
		if s.do(w, r, func() { err = set(n) }) {
			finish(w, err)
		}
	}
}

// finish answers a POST.
func finish(w http.ResponseWriter, err error) {
	switch {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, errGone):
		http.Error(w, err.Error(), http.StatusNotFound)
	case errors.Is(err, pool.ErrReloading), errors.Is(err, pool.ErrStopped):
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}
