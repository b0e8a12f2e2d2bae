package childprocess_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
)

//brood:checks N067 N062
func TestAForkedChildIsEndedLikeAnother(t *testing.T) {
	t.Run("context", func(t *testing.T) {
		l := newLoop(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		c := forkNode(t, l, &childprocess.ForkOptions{Options: childprocess.Options{Context: ctx, KillSignal: syscall.SIGKILL}},
			`process.send('up'); process.on('message', () => {})`)
		ev := events(c).messages(t)
		c.OnMessage(func(*ipc.Message) { cancel(errReason) })
		run(t, l)
		require.ErrorIs(t, ev.err, errReason)
		require.Equal(t, []string{"spawn", "error " + ev.err.Error(), "exit SIGKILL", "close SIGKILL"},
			slices.DeleteFunc(ev.process(), func(e string) bool { return e == "disconnect" || strings.HasPrefix(e, "message") }))
	})
	t.Run("done before", func(t *testing.T) {
		l := newLoop(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		ev := events(forkHelper(t, l, &childprocess.ForkOptions{Options: childprocess.Options{Context: ctx}}, "ipc-echo"))
		run(t, l)
		require.ErrorIs(t, ev.err, context.Canceled)
		require.Equal(t, syscall.SIGTERM, ev.status.Signal)
	})
	t.Run("time-out", func(t *testing.T) {
		l := newLoop(t)
		ev := events(forkHelper(t, l, &childprocess.ForkOptions{Options: childprocess.Options{Timeout: time.Millisecond}}, "ipc-echo")).messages(t)
		run(t, l)
		require.ErrorIs(t, ev.status.Cause, childprocess.ErrTimeout)
		require.Equal(t, 1, ev.count("disconnect"))
		require.Equal(t, "close SIGTERM", ev.last())
	})
}

func TestCloseGraceCutsAChannelThatAGrandchildHolds(t *testing.T) {
	l := newLoop(t)
	// The shell ends; sleep holds the channel, descriptor 3.
	o := &childprocess.ForkOptions{Options: childprocess.Options{CloseGrace: time.Millisecond}, Silent: true}
	c := forked(t, l, "/bin/sh", []string{"-c", "sleep 1000 >/dev/null 2>&1 & echo $!"}, o)
	ev := events(c).messages(t).reading()
	run(t, l)
	require.True(t, ev.status.CutOff)
	require.Equal(t, 1, ev.count("disconnect"))
	require.Equal(t, "close 0", ev.last())
	require.NoError(t, syscall.Kill(mustAtoi(t, string(ev.data[1])), syscall.SIGKILL))
}

func init() {
	// fork-orphan forks the program in its arguments, detached, with its own descriptor 3, writes
	// its pid, and waits.
	helperproc.Register("fork-orphan", func(args []string) {
		l := check(openLoop())
		null := childprocess.Ignore
		o := &childprocess.ForkOptions{Options: childprocess.Options{
			Detached: true,
			Stdio:    []childprocess.Stdio{null, null, null, childprocess.FD(3), childprocess.IPC},
		}}
		c := check(childprocess.Fork(l, args[0], args[1:], o))
		writeAll(1, []byte(strconv.Itoa(c.Pid())+"\n"))
		must(l.Run())
		fail(errors.New("the child has ended"))
	})
}

//brood:checks N069
func TestADetachedForkOutlivesItsParent(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("linger")
	o := &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}}
	parent := startWith(t, l, o, "fork-orphan", append([]string{file}, argv...)...)
	ev := events(parent)
	line := parent.Stdio[3]
	var pid string
	parent.Stdout.OnLine(func(text []byte) {
		pid = string(text)
		killed, err := parent.Kill(syscall.SIGKILL)
		require.NoError(t, err)
		require.True(t, killed)
	})
	parent.OnExit(func(childprocess.ExitStatus) {
		_, err := line.Writable.Write([]byte{'?'})
		require.NoError(t, err)
	})
	answered := false
	line.Readable.OnLine(func(answer []byte) {
		answered = true
		require.Contains(t, string(answer), "pid "+pid+" ")
		require.Contains(t, string(answer), "session "+pid+" group "+pid)
		require.ErrorIs(t, syscall.Kill(parent.Pid(), 0), syscall.ESRCH, "its parent has gone")
		line.Writable.End() // This ends it.
	})
	run(t, l)
	require.True(t, answered)
	require.Equal(t, []string{"spawn", "exit SIGKILL", "close SIGKILL"}, ev.process())
}

func TestTheLimitsOfTheChannelAreThoseOfTheOptions(t *testing.T) {
	l := newLoop(t)
	c := forkHelper(t, l, &childprocess.ForkOptions{Options: childprocess.Options{MaxMessage: 100, MaxQueue: 1 << 20}}, "ipc-echo")
	var got []error
	c.Channel().OnError(func(err error) { got = append(got, err) })
	c.OnMessage(func(m *ipc.Message) {
		require.Len(t, m.Raw(), 100)
		c.Disconnect()
	})
	require.NoError(t, c.Send(strings.Repeat("x", 99)))
	require.NoError(t, c.Send(strings.Repeat("x", 98)))
	run(t, l)
	require.Len(t, got, 1)
	require.ErrorIs(t, got[0], ipc.ErrMessageTooLong)

	c = forkHelper(t, l, &childprocess.ForkOptions{Options: childprocess.Options{MaxQueue: 1 << 20}}, "ipc-echo")
	require.NoError(t, c.Send(strings.Repeat("x", 8<<20)))
	require.ErrorIs(t, c.Send(1), ipc.ErrQueueFull)
	c.Channel().Destroy()
	run(t, l)
}
