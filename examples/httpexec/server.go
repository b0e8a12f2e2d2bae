package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/brood-go/brood/examples/internal/loopback"
)

const (
	headerLimit = 10 * time.Second // that a client may take for its request
	// that a client may take to read a line, before it counts as gone
	writeLimit = 30 * time.Second
	endLimit   = 2 * time.Second // that a request may take when its command has ended
)

// serve serves until ctx ends, and returns when the requests have ended, or should have.
func serve(ctx context.Context, ln net.Listener, r *runner) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", r.list)
	mux.HandleFunc("GET /run/{name}", r.run)
	mux.HandleFunc("POST /run/{name}", r.run)
	guard := loopback.NewGuard(ln.Addr().(*net.TCPAddr))
	server := http.Server{
		Handler:           guard.Protect(mux),
		ReadHeaderTimeout: headerLimit,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan struct{})
	// It ends with the requests, soon. The receive below waits for it.
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		limit, cancel := context.WithTimeout(context.Background(), r.grace+endLimit)
		defer cancel()
		if server.Shutdown(limit) != nil { // A client does not read.
			_ = server.Close() // Serve reports its errors.
		}
	})
	err := server.Serve(ln)
	if stop() {
		close(ended) // Serve has failed by itself.
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// list answers with the names of the commands.
func (r *runner) list(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, name := range slices.Sorted(maps.Keys(r.commands)) {
		fmt.Fprintln(w, name) // It fails when the client has gone.
	}
}

// A stream is an answer of server-sent events.
type stream struct {
	w    http.ResponseWriter
	wire *http.ResponseController
}

// newStream begins the answer at once: a client knows that its command runs before that says
// anything.
func newStream(w http.ResponseWriter) *stream {
	s := &stream{w, http.NewResponseController(w)}
	w.Header().Set("Content-Type", "text/event-stream")
	_ = s.wire.Flush() // If the client has gone, the first event fails.
	return s
}

// send sends an event at once. It waits while the client does not read, up to writeLimit.
func (s *stream) send(e event) error {
	// A carriage return would end the line, too, and the rest could be taken for an event of its
	// own.
	data := strings.ReplaceAll(strings.ToValidUTF8(e.data, "\uFFFD"), "\r", "\ndata: ")
	if err := s.wire.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", e.name, data); err != nil {
		return err
	}
	return s.wire.Flush()
}
