package pool_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// serveHelper is the body of a helper that is a worker. It exits when the worker has shut down.
func serveHelper(h pool.Handlers, o *pool.ServeOptions) {
	serveHelperOn(func(*reactor.Loop) pool.Handlers { return h }, o)
}

// serveHelperOn is serveHelper for handlers that use the loop.
func serveHelperOn(h func(*reactor.Loop) pool.Handlers, o *pool.ServeOptions) {
	check := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, "worker:", err)
			helperproc.Exit(3)
		}
	}
	l, err := reactor.New(looptest.Options())
	check(err)
	parent, err := ipc.Parent(l)
	check(err)
	check(pool.ServeWith(l, parent, h(l), o))
	l.SetInterval(time.Millisecond, func() { check(pool.BrokenServer(l)) }).Unref()
	check(l.Run())
	check(pool.BrokenServer(l))
	check(l.Close())
}

// scriptedParent is the parent of a worker. The test writes and reads its messages.
type scriptedParent struct {
	t      testing.TB
	loop   *reactor.Loop
	child  *childprocess.ChildProcess
	got    []string // messages that next has not returned
	status *childprocess.ExitStatus
	stderr strings.Builder
	gone   bool // the channel is disconnected
}

// startHelper starts a helper as a worker.
func startHelper(t testing.TB, name string, args ...string) *scriptedParent {
	t.Helper()
	file, argv := helperproc.Command(name, args...)
	return startWorker(t, file, argv, &childprocess.ForkOptions{})
}

// startWorker starts a program that is a worker, with more descriptors after its channel. Its
// stderr is kept.
func startWorker(t testing.TB, file string, args []string, o *childprocess.ForkOptions, more ...childprocess.Stdio) *scriptedParent {
	t.Helper()
	l := looptest.New(t)
	o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Inherit, childprocess.Pipe, childprocess.IPC}
	o.Stdio = append(o.Stdio, more...)
	c, err := childprocess.Fork(l, file, args, o)
	require.NoError(t, err)
	p := &scriptedParent{t: t, loop: l, child: c}
	c.OnMessage(func(m *ipc.Message) { p.got = append(p.got, string(m.Raw())) })
	c.OnDisconnect(func() { p.gone = true })
	c.OnClose(func(s childprocess.ExitStatus) { p.status = &s })
	c.Stderr.OnText(func(text string) { p.stderr.WriteString(text) })
	t.Cleanup(func() {
		if p.status == nil { // The test failed.
			_, _ = c.Kill(syscall.SIGKILL)
			p.until("the end of the worker", func() bool { return p.status != nil })
		}
	})
	return p
}

// until turns the loop until done says so.
func (p *scriptedParent) until(what string, done func() bool) {
	p.t.Helper()
	for end := time.Now().Add(looptest.HangLimit()); !done(); {
		if time.Now().After(end) {
			require.Fail(p.t, "waiting in vain", "for %s; messages: %q; stderr: %s", what, p.got, p.stderr.String())
		}
		_, err := p.loop.Poll(time.Second)
		require.NoError(p.t, err)
	}
}

// send sends encoded messages.
func (p *scriptedParent) send(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		require.NoError(p.t, p.child.Send(rawJSON(m)))
	}
}

// next returns the next message of the worker.
func (p *scriptedParent) next() string {
	p.t.Helper()
	p.until("a message", func() bool { return len(p.got) > 0 || p.status != nil })
	require.NotEmpty(p.t, p.got, "%s; stderr: %s", p.status, p.stderr.String())
	m := p.got[0]
	p.got = p.got[1:]
	return m
}

// expect checks the next messages of the worker.
func (p *scriptedParent) expect(messages ...string) {
	p.t.Helper()
	for _, m := range messages {
		require.JSONEq(p.t, m, p.next())
	}
}

// expectAll checks the next messages of the worker, which may come in any order.
func (p *scriptedParent) expectAll(messages ...string) {
	p.t.Helper()
	var got []string
	for range messages {
		got = append(got, p.next())
	}
	require.ElementsMatch(p.t, messages, got)
}

// disconnect disconnects the channel, and checks that the worker exits by itself.
func (p *scriptedParent) disconnect() {
	p.t.Helper()
	p.child.Disconnect()
	p.expectExit(0)
}

// expectExit waits until the worker has exited.
func (p *scriptedParent) expectExit(code int) {
	p.t.Helper()
	p.until("the end of the worker", func() bool { return p.status != nil })
	require.Equal(p.t, code, p.status.Code, "%s; stderr: %s", p.status, p.stderr.String())
	require.Empty(p.t, p.got)
}
