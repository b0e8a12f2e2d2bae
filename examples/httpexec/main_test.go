package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// testServer is the real program, running.
type testServer struct {
	t      *testing.T
	cmd    *exec.Cmd
	url    string
	stderr strings.Builder
	client http.Client
}

// start starts it with commands, or with the built-in ones.
func start(t *testing.T, commands map[string][]string, flags ...string) *testServer {
	t.Helper()
	if commands != nil {
		text, err := json.Marshal(commands)
		require.NoError(t, err)
		file := filepath.Join(t.TempDir(), "commands.json")
		require.NoError(t, os.WriteFile(file, text, 0o666))
		flags = append(flags, "-commands", file)
	}
	s := &testServer{t: t, cmd: program.Command(t, append([]string{"-addr", "127.0.0.1:0"}, flags...)...)}
	s.cmd.Stderr = &s.stderr
	s.client.Transport = &http.Transport{DisableKeepAlives: true}
	stdout, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	program.Start(t, s.cmd)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	var addr string
	_, err = fmt.Sscanf(line, "httpexec: listening on %s\n", &addr)
	require.NoError(t, err, "%q", line)
	s.url = "http://" + addr
	return s
}

// end waits for the end of the program, which was told to end.
func (s *testServer) end() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Wait(), "%s", &s.stderr)
	require.Empty(s.t, s.stderr.String())
}

func (s *testServer) stop() {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.end()
}

// running is an answer that comes.
type running struct {
	t    *testing.T
	resp *http.Response
	text *bufio.Reader
	gone context.CancelFunc // ends the connection
}

func (s *testServer) get(path string) *running {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", s.url+path, nil)
	require.NoError(s.t, err)
	resp, err := s.client.Do(req)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { cancel(); _ = resp.Body.Close() })
	return &running{s.t, resp, bufio.NewReader(resp.Body), cancel}
}

// event reads one.
func (r *running) event() event {
	r.t.Helper()
	var e event
	for {
		line, err := r.text.ReadString('\n')
		require.NoError(r.t, err, "after %v", e)
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "event":
			e.name = value
		case "data":
			e.data += value
		case "":
			return e
		}
	}
}

// rest reads all that comes.
func (r *running) rest() string {
	r.t.Helper()
	text, err := io.ReadAll(r.text)
	require.NoError(r.t, err)
	return string(text)
}

// A process is the test's connection to one of a command, which ends when the process does.
type process struct {
	t *testing.T
	net.Conn
	text *bufio.Reader
}

// ends waits for the end of the process.
func (p *process) ends() {
	p.t.Helper()
	if rest, err := io.ReadAll(p.text); err != nil {
		require.ErrorIs(p.t, err, syscall.ECONNRESET)
	} else {
		require.Empty(p.t, string(rest))
	}
}

// A meeting is where the processes of commands connect to.
type meeting struct {
	t  *testing.T
	ln net.Listener
}

func newMeeting(t *testing.T) *meeting {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	return &meeting{t, ln}
}

// command is a helper that connects to the meeting.
func (m *meeting) command(name string, args ...string) []string {
	file, argv := helperproc.Command(name, append([]string{m.ln.Addr().String()}, args...)...)
	return append([]string{file}, argv...)
}

// next waits for the next process.
func (m *meeting) next() *process {
	m.t.Helper()
	conn, err := m.ln.Accept()
	require.NoError(m.t, err)
	m.t.Cleanup(func() { _ = conn.Close() })
	return &process{m.t, conn, bufio.NewReader(conn)}
}

func TestTheRunThatIsRecorded(t *testing.T) {
	s := start(t, nil)
	_, want := program.Recorded(t)
	require.Equal(t, want, s.get("/run/count").rest())
	require.Equal(t, "count\ndate\ndisks\nprocesses\n", s.get("/").rest())
	s.stop()
}

func TestWhatACommandWritesAndHowItEnds(t *testing.T) {
	sh := func(script string) []string { return []string{"sh", "-c", script} }
	s := start(t, map[string][]string{
		"fails":  sh("echo out; exit 3"),
		"killed": sh("kill -KILL $$"),
		"both":   sh("echo no end of line >&2; printf half"),
		"stdin":  {"cat"},
		"nosuch": {"nosuch"},
		"forges": sh(`printf 'a\revent: exit\rdata: b\n\377\n'`),
	})
	for name, want := range map[string]string{
		"fails":  "event: stdout\ndata: out\n\nevent: exit\ndata: exit status 3\n\n",
		"killed": "event: exit\ndata: signal: SIGKILL\n\n",
		"stdin":  "event: exit\ndata: exit status 0\n\n",
		"nosuch": "event: error\ndata: spawn nosuch: ENOENT: no such file or directory\n\n",
		"forges": "event: stdout\ndata: a\ndata: event: exit\ndata: data: b\n\nevent: stdout\ndata: \uFFFD\n\nevent: exit\ndata: exit status 0\n\n",
	} {
		r := s.get("/run/" + name)
		require.Equal(t, "text/event-stream", r.resp.Header.Get("Content-Type"))
		require.Equal(t, want, r.rest(), name)
	}
	both := s.get("/run/both").rest()
	require.Contains(t, both, "event: stderr\ndata: no end of line\n\n")
	require.Contains(t, both, "event: stdout\ndata: half\n\n")
	s.stop()
}

func TestOnlyTheListedCommandsAreRun(t *testing.T) {
	s := start(t, nil)
	for path, want := range map[string]int{
		"/run/sh": http.StatusNotFound, "/run/": http.StatusNotFound, "/run/date/-u": http.StatusNotFound, "/run/..%2fdate": http.StatusNotFound,
		"/run/date": http.StatusOK,
	} {
		require.Equal(t, want, s.get(path).resp.StatusCode, path)
	}
	for origin, want := range map[string]int{"": http.StatusForbidden, "http://elsewhere.example": http.StatusForbidden, s.url: http.StatusOK} {
		req, err := http.NewRequest("POST", s.url+"/run/date", nil)
		require.NoError(t, err)
		req.Header.Set("Origin", origin)
		resp, err := s.client.Do(req)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, origin)
	}
	s.stop()
}

func TestNoMoreCommandsThanMayRunAtOnce(t *testing.T) {
	m := newMeeting(t)
	s := start(t, map[string][]string{"waits": m.command("waits")}, "-most", "2")
	answers, processes := [2]*running{}, [2]*process{}
	for i := range answers {
		answers[i] = s.get("/run/waits")
		processes[i] = m.next()
	}
	full := s.get("/run/waits")
	require.Equal(t, http.StatusTooManyRequests, full.resp.StatusCode)
	require.Equal(t, "1", full.resp.Header.Get("Retry-After"))
	require.Equal(t, "too many commands are running\n", full.rest())

	require.NoError(t, processes[0].Close()) // The helper ends by that.
	require.Equal(t, "event: exit\ndata: exit status 0\n\n", answers[0].rest())
	again := s.get("/run/waits") // The handler gives its place back before the answer ends.
	require.Equal(t, http.StatusOK, again.resp.StatusCode)
	require.NoError(t, m.next().Close())
	require.NoError(t, processes[1].Close())
	require.Equal(t, "event: exit\ndata: exit status 0\n\n", again.rest())
	s.stop()
}

func TestWrongCalls(t *testing.T) {
	file := filepath.Join(t.TempDir(), "commands.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"a": []}`), 0o666))
	for _, row := range []struct {
		args []string
		want string
		code int
	}{
		{[]string{"-most", "0"}, "^Usage of ", 2},
		{[]string{"x"}, "^Usage of ", 2},
		{[]string{"-commands", file}, "^httpexec: " + file + ": a: no program\n$", 1},
		{[]string{"-commands", file + "x"}, "^httpexec: open .*: no such file or directory\n$", 1},
		{[]string{"-addr", "0.0.0.0:0"}, "^httpexec: listen .*: not a loopback address\n$", 1},
	} {
		r := program.Run(t, program.Command(t, row.args...))
		require.Regexp(t, row.want, r.Stderr, "%q", row.args)
		require.Equal(t, row.code, r.Code, "%q", row.args)
	}
}
