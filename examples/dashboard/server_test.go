package main

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// do sends a request under a name of the server, with more headers, and returns the answer.
func do(t *testing.T, s *site, method, path, host, body string, more http.Header) (code int, text string, header http.Header) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.ln.Addr().String()+path, strings.NewReader(body))
	require.NoError(t, err)
	r.Host = host
	maps.Copy(r.Header, more)
	answer, err := transport.RoundTrip(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(all), answer.Header
}

func get(t *testing.T, s *site, path, host string) (code int, text string, header http.Header) {
	t.Helper()
	return do(t, s, http.MethodGet, path, host, "", nil)
}

// post sends a form as the page does.
func post(t *testing.T, s *site, path, name, value string) (code int, text string) {
	t.Helper()
	code, text, _ = do(t, s, http.MethodPost, path, s.Hosts[0], url.Values{name: {value}}.Encode(), http.Header{
		"Origin": {"http://" + s.Hosts[0]}, "Content-Type": {"application/x-www-form-urlencoded"},
	})
	return code, text
}

func TestThePageAndItsFiles(t *testing.T) {
	s := serve(t, 1, 0)
	for path, kind := range map[string]string{"/": "text/html", "/page.js": "text/javascript", "/chart.js": "text/javascript", "/page.css": "text/css", "/icon.svg": "image/svg+xml"} {
		code, text, header := get(t, s, path, s.Hosts[0])
		require.Equal(t, http.StatusOK, code, path)
		require.NotEmpty(t, text, path)
		require.True(t, strings.HasPrefix(header.Get("Content-Type"), kind), path)
		require.Contains(t, header.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
	for path, want := range map[string]int{"/main.go": http.StatusNotFound, "/nothing": http.StatusNotFound, "/reload": http.StatusNotFound, "/kill": http.StatusNotFound} {
		code, _, _ := get(t, s, path, s.Hosts[0])
		require.Equal(t, want, code, path)
	}
}

func TestMetricsAndHealth(t *testing.T) {
	s := serve(t, 2, 0)
	s.ready(2)
	code, text, header := get(t, s, "/metrics", s.Hosts[0])
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "text/plain; version=0.0.4; charset=utf-8", header.Get("Content-Type"))
	require.Contains(t, text, `brood_pool_workers{pool="dashboard",state="idle"} 2`+"\n")
	code, text, _ = get(t, s, "/healthz", s.Hosts[0])
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, "ok\n", text)

	s.on(func() { s.board.stop(nil, nil) })
	code, text, _ = get(t, s, "/healthz", s.Hosts[0])
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, "pool: ")
}

func TestAReloadMakesANewGenerationAndFailsNoJob(t *testing.T) {
	s := serve(t, 2, 100)
	s.ready(2)
	code, text := post(t, s, "/reload", "", "")
	require.Equal(t, http.StatusNoContent, code, text)
	s.until("the old workers end", func() bool { return len(s.board.exits) == 2 })
	s.until("more jobs are done", func() bool { return s.board.pool.Stats().Succeeded > 50 })
	s.on(func() {
		p := s.board.pool.Stats()
		require.Equal(t, 2, p.Generation)
		require.Equal(t, p.Settled, p.Succeeded)
		for _, e := range s.board.exits {
			require.Equal(t, exit{e.Time, e.Worker, e.Pid, 1, "reload", "exit status 0", e.Jobs}, e)
		}
	})

	s.on(func() { require.NoError(t, s.board.pool.Reload(nil, nil)) })
	code, text = post(t, s, "/reload", "", "")
	require.Equal(t, http.StatusConflict, code)
	require.Equal(t, "pool: already reloading\n", text)
}

func TestAWorkerThatIsKilledIsReplacedAndTheLogHasTheReason(t *testing.T) {
	s := serve(t, 2, 100)
	s.ready(2)
	code, text := post(t, s, "/kill", "worker", "1")
	require.Equal(t, http.StatusNoContent, code, text)
	s.until("the worker is replaced", func() bool {
		w := s.board.pool.Workers()
		return len(w) == 2 && w[0].Number == 2 && w[1].Number == 3 && w[1].State == "ready" && len(s.board.exits) == 1
	})
	s.on(func() {
		e := s.board.exits[0]
		require.Equal(t, 1, e.Worker)
		require.Equal(t, "crash", e.Reason)
		require.Equal(t, "signal: SIGKILL", e.Status)
		require.Zero(t, s.board.pool.Stats().Crashed, "what it ran is run again")
	})
	code, text = post(t, s, "/kill", "worker", "1")
	require.Equal(t, http.StatusNotFound, code)
	require.Equal(t, "there is no such worker\n", text)
}

func TestResizeAndLoad(t *testing.T) {
	s := serve(t, 1, 0)
	code, text := post(t, s, "/resize", "workers", "3")
	require.Equal(t, http.StatusNoContent, code, text)
	s.ready(3)
	code, text = post(t, s, "/resize", "workers", "1")
	require.Equal(t, http.StatusNoContent, code, text)
	s.ready(1)
	s.until("both are in the log", func() bool { return len(s.board.exits) == 2 && s.board.exits[0].Reason == "idle" })
	code, text = post(t, s, "/load", "rate", "200")
	require.Equal(t, http.StatusNoContent, code, text)
	s.until("jobs are done", func() bool { return s.board.pool.Stats().Succeeded > 10 })

	for _, c := range [][3]string{
		{"/resize", "workers", "0"}, {"/resize", "workers", "33"}, {"/resize", "workers", ""}, {"/resize", "x", "1"},
		{"/load", "rate", "-1"}, {"/load", "rate", "1001"}, {"/load", "rate", "NaN"}, {"/load", "rate", "1e2"},
		{"/kill", "worker", "0"}, {"/kill", "worker", "99999999999999999999"}, {"/load", "rate", strings.Repeat("1", 1<<20)},
	} {
		code, text := post(t, s, c[0], c[1], c[2])
		require.Equal(t, http.StatusBadRequest, code, c)
		require.Contains(t, text, " is a number from ", c)
	}
	code, _, _ = do(t, s, http.MethodPost, "/load", s.Hosts[0], "rate=9&more="+strings.Repeat("1", maxBody), http.Header{
		"Origin": {"http://" + s.Hosts[0]}, "Content-Type": {"application/x-www-form-urlencoded"},
	})
	require.Equal(t, http.StatusBadRequest, code, "a body that is too long")
}

// A queue that is full takes no more, and so does the memory.
func TestMoreLoadThanThePoolTakesIsNotGiven(t *testing.T) {
	s := serve(t, 1, mostRate)
	s.on(func() { s.board.load.due = 3 * maxQueue })
	s.until("the queue is full", func() bool { return s.board.pool.Stats().Waiting == maxQueue })
	s.on(func() { require.Less(t, s.board.load.due, 1.0) })
}
