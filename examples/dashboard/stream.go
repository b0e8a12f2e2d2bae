package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	mostStreams = 64               // pages at once
	writeLimit  = 10 * time.Second // that a browser may take to read an event
)

// events is a stream of snapshots, as server-sent events: one at once, one for each sample. The id
// of an event is the number of the page's last sample. A browser that connects again sends it, so
// that no sample is lost or sent twice.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		http.Error(w, "too many pages", http.StatusServiceUnavailable)
		return
	}
	boot, number, _ := strings.Cut(r.Header.Get("Last-Event-ID"), " ")
	seq, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		boot = ""
	}
	w.Header().Set("Content-Type", "text/event-stream")
	to := http.NewResponseController(w)
	ticker := time.NewTicker(s.board.period)
	defer ticker.Stop()
	for {
		var text []byte
		var failed error
		err := s.board.loop.Do(r.Context(), func() {
			text, seq, failed = s.board.snapshot(boot, seq)
			boot = s.board.boot
		})
		if err != nil || failed != nil {
			return // The page, or the program, has gone.
		}
		if err := to.SetWriteDeadline(time.Now().Add(s.patience)); err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "retry: 500\nid: %s %d\ndata: %s\n\n", boot, seq, text); err != nil {
			return
		}
		if to.Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		}
	}
}
