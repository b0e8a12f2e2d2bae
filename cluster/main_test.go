package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func TestMain(m *testing.M) {
	runWorkers()
	os.Exit(leakcheck.Main(m))
}

// A fixture is a cluster with a record of its events. Its workers run one script.
type fixture struct {
	t       testing.TB
	loop    *reactor.Loop
	cluster *cluster.Cluster
	events  []string
	ports   map[int]int // port of the latest server of each worker, by worker ID
	waiting []*waiter
}

// A waiter waits until its condition is true after an event.
type waiter struct {
	when func() bool
	then func()
}

// script writes a Node program and returns its file.
func script(t testing.TB, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "worker.js")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	return file
}

// nodeOptions returns the options of a cluster whose workers run a Node program.
func nodeOptions(t testing.TB, text string) *cluster.Options {
	t.Helper()
	return &cluster.Options{ExecPath: looptest.NodePath(t), Module: script(t, text)}
}

// newCluster returns a cluster. If the test fails, its workers are killed; otherwise the test must
// end them.
func newCluster(t testing.TB, o *cluster.Options) *fixture {
	t.Helper()
	return newClusterOn(looptest.New(t), t, o)
}

// newClusterOn is newCluster on a loop that the test has made.
func newClusterOn(l *reactor.Loop, t testing.TB, o *cluster.Options) *fixture {
	t.Helper()
	c, err := cluster.New(l, o)
	require.NoError(t, err)
	f := &fixture{t: t, loop: l, cluster: c, ports: map[int]int{}}
	t.Cleanup(func() {
		if t.Failed() {
			for _, w := range c.Workers() {
				_, _ = w.Kill(syscall.SIGKILL) // It may have exited just now.
				_, _ = w.Kill(syscall.SIGCONT)
			}
			_ = l.Run() // Reap them, so that one failure does not become many.
		}
	})
	note := func(format string, args ...any) {
		f.events = append(f.events, fmt.Sprintf(format, args...))
		f.checkWaiting()
	}
	c.OnFork(func(w *cluster.Worker) { note("fork %d", w.ID()) })
	c.OnOnline(func(w *cluster.Worker) { note("online %d", w.ID()) })
	c.OnListening(func(g *cluster.Listening) {
		f.ports[g.Worker.ID()] = g.Port
		note("listening %d", g.Worker.ID())
	})
	c.OnDisconnect(func(w *cluster.Worker) { note("disconnect %d", w.ID()) })
	c.OnExit(func(e *cluster.Exit) {
		note("exit %d %s %t", e.Worker.ID(), e.Status, e.Worker.ExitedAfterDisconnect())
	})
	c.OnMessage(func(m *cluster.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		note("message %d %v", m.Worker.ID(), v)
	})
	c.OnError(func(err error) { note("error %v", err) })
	return f
}

// fork starts n workers.
func (f *fixture) fork(n int) {
	f.t.Helper()
	for range n {
		_, err := f.cluster.Fork(nil)
		require.NoError(f.t, err)
	}
}

// when calls then once, now or after the first event after which the condition is true.
func (f *fixture) when(cond func() bool, then func()) {
	f.waiting = append(f.waiting, &waiter{cond, then})
	f.checkWaiting()
}

// checkWaiting calls the waiters whose condition is true.
func (f *fixture) checkWaiting() {
	for i := 0; i < len(f.waiting); i++ {
		if w := f.waiting[i]; w.when() {
			f.waiting = slices.Delete(f.waiting, i, i+1)
			w.then()
			i = -1
		}
	}
}

// count returns the number of events that begin with text.
func (f *fixture) count(text string) (n int) {
	for _, e := range f.events {
		if strings.HasPrefix(e, text) {
			n++
		}
	}
	return n
}

// saw returns a condition: n events begin with text.
func (f *fixture) saw(text string, n int) func() bool {
	return func() bool { return f.count(text) >= n }
}

// eventsOf returns the events of one worker, without its number.
func (f *fixture) eventsOf(id int) (events []string) {
	for _, e := range f.events {
		if kind, rest, ok := strings.Cut(e, fmt.Sprintf(" %d", id)); ok && !strings.Contains(kind, " ") {
			events = append(events, kind+rest)
		}
	}
	return events
}

// client runs fn on a goroutine, because a client may wait, and then calls then on the loop. The
// loop waits for it.
func (f *fixture) client(fn func() error, then func()) {
	release := f.loop.Hold()
	// It ends with fn, which has time limits; the loop waits for it.
	go func() {
		err := fn()
		posted := f.loop.Post(func() {
			defer release()
			require.NoError(f.t, err)
			if then != nil {
				then()
			}
		})
		if posted != nil {
			release() // The test has failed and is over.
		}
	}()
}

// run runs the loop until all workers have exited. Every waiter must have been called.
func (f *fixture) run() {
	f.t.Helper()
	looptest.Run(f.t, f.loop)
	require.Empty(f.t, f.waiting, "what was waited for has not happened: %q", f.events)
}

// ask connects and returns the answer, which may be empty.
func ask(network, address string) (string, error) {
	conn, err := dial(network, address)
	if err != nil {
		return "", err
	}
	return answer(conn)
}

func dial(network, address string) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, looptest.HangLimit())
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(looptest.HangLimit()))
}

func answer(conn net.Conn) (string, error) {
	text, err := io.ReadAll(conn)
	return string(text), errors.Join(err, conn.Close())
}

// local returns the address of a port on this machine.
func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// modes are the serializations, by name.
var modes = map[string]ipc.Serialization{"json": ipc.JSON, "advanced": ipc.Advanced}

// eachMode runs a test once for each serialization of the workers.
func eachMode(t *testing.T, test func(t *testing.T, fork *childprocess.ForkOptions)) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			o := &childprocess.ForkOptions{}
			o.Serialization = mode
			test(t, o)
		})
	}
}

// eachModeOptions is eachMode with the options for a Node worker.
func eachModeOptions(t *testing.T, text string, test func(t *testing.T, o *cluster.Options)) {
	eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
		o := nodeOptions(t, text)
		o.Fork = fork
		test(t, o)
	})
}
