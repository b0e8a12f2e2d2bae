package main

import (
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/browser"
)

// killAll kills the workers that are there, on the loop, and returns how many these were.
func (s *site) killAll() (n int) {
	s.t.Helper()
	s.on(func() {
		for _, w := range s.board.pool.Workers() {
			if w.State == "ready" && s.board.pool.Kill(w.Number) {
				n++
			}
		}
	})
	return n
}

// Ten workers that die with no answer in between: the page says so, and /healthz does.
func TestAPoolInACrashLoopIsShown(t *testing.T) {
	browser.Need(t)
	s := serve(t, 10, 0)
	b := openPage(t, s.board.loop, s.url())
	b.UntilShows("#health", "healthy")
	s.ready(10)
	require.Equal(t, 10, s.killAll())
	b.UntilShows("#health", "workers died one after the other")
	b.UntilShows("#exits tbody", "crash")
	code, text, _ := get(t, s, "/healthz", s.Hosts[0])
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, "workers died one after the other")
	b.untilRows("#exits", 10)
	require.Empty(t, b.Complaints())
}

// What the board keeps for pages has a fixed size, and nothing of workers that have gone is in it.
func TestWhatTheBoardKeepsIsBounded(t *testing.T) {
	s := serve(t, 8, 50)
	for died := 0; died < mostExits+10; {
		s.ready(8)
		s.on(func() {
			for _, w := range s.board.pool.Workers() {
				s.board.lines[w.Number] = "a line"
			}
		})
		died += s.killAll()
		s.until("a job is done", func() bool { return len(s.board.exits) >= min(died, mostExits) })
	}
	s.on(func() {
		require.Len(t, s.board.exits, mostExits)
		require.LessOrEqual(t, len(s.board.lines), 8)
		for range mostSamples + 10 {
			s.board.ran.add(1)
			s.board.sample()
		}
		require.Len(t, s.board.samples, mostSamples)
		require.Empty(t, s.board.ran)
	})
}

// A browser that does not read holds neither the program nor the loop, and in the end it loses its
// stream.
func TestAPageThatDoesNotReadLosesItsStream(t *testing.T) {
	s := serve(t, 2, 100)
	s.patience = 500 * time.Millisecond
	s.on(func() { // So that there is much to read.
		for range mostExits {
			s.board.exits = append(s.board.exits, exit{Status: strings.Repeat("x", 4<<10)})
		}
	})
	conn, err := net.Dial("tcp", s.ln.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.(*net.TCPConn).SetReadBuffer(4<<10))
	_, err = conn.Write([]byte("GET /events HTTP/1.1\r\nHost: " + s.Hosts[0] + "\r\n\r\n"))
	require.NoError(t, err)
	s.until("it has a stream", func() bool { return len(s.streams) == 1 })
	page := openStream(t, s.url(), "")
	// It goes on reading, because the server has no more patience with it.
	page.until(func(got snapshot) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return got.Done > 20 && len(s.conns) == 1
	})
	require.Len(t, s.streams, 1)
	page.until(func(s snapshot) bool { return s.Done > 40 })
}

// Half a request, a request that is none, many at once: none of them is in anybody's way.
func TestClientsThatAreNoBrowsers(t *testing.T) {
	s := serve(t, 1, 50)
	for _, text := range []string{
		"", "GET", "GET /events HTTP/1.1\r\n", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
		"POST /kill HTTP/1.1\r\nHost: " + s.Hosts[0] + "\r\nOrigin: http://" + s.Hosts[0] + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 8\r\n\r\nwork",
		"POST /reload HTTP/1.1\r\nHost: " + s.Hosts[0] + "\r\nOrigin: http://" + s.Hosts[0] + "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		conn, err := net.Dial("tcp", s.ln.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte(text))
		require.NoError(t, err)
	}
	page := openStream(t, s.url(), "")
	page.until(func(s snapshot) bool { return s.Done > 10 })
}

func TestWrongMethods(t *testing.T) {
	s := serve(t, 1, 0)
	s.ready(1)
	own := http.Header{"Origin": {"http://" + s.Hosts[0]}}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodOptions, "BREW"} {
		for _, path := range []string{"/kill", "/reload", "/resize", "/load"} {
			code, _, _ := do(t, s, method, path+"?worker=1&workers=3&rate=9", s.Hosts[0], "", own)
			require.Contains(t, []int{http.StatusNotFound, http.StatusMethodNotAllowed}, code, method+path)
		}
	}
	for _, path := range []string{"/", "/events", "/metrics", "/healthz", "/page.js"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			code, _, _ := do(t, s, method, path, s.Hosts[0], "", own)
			require.Equal(t, http.StatusMethodNotAllowed, code, method+path)
		}
	}
	s.on(func() {
		require.Equal(t, 1, s.board.pool.Stats().Peak)
		require.Equal(t, 1, s.board.pool.Stats().Generation)
		require.Zero(t, s.board.load.rate)
	})
}
