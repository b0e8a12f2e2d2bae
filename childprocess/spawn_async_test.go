package childprocess_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// async returns the options of a child that is started while the loop goes on.
func async() *childprocess.Options { return &childprocess.Options{Async: true} }

func TestAnAsyncChildHasStreamsAtOnceAndAPidWithSpawn(t *testing.T) {
	l := newLoop(t)
	o := async()
	o.Stdio = []childprocess.Stdio{3: childprocess.Pipe, 4: childprocess.Ignore}
	c := startWith(t, l, o, "cat")
	require.Zero(t, c.Pid())
	require.NotNil(t, c.Stdin)
	require.NotNil(t, c.Stdout)
	require.NotNil(t, c.Stderr)
	require.Len(t, c.Stdio, 5)
	require.NotNil(t, c.Stdio[3].Readable)
	require.NotNil(t, c.Stdio[3].Writable)
	require.Nil(t, c.Stdio[4].Readable)
	_, ended := c.Status()
	require.False(t, ended)
	pid := 0
	c.OnSpawn(func() {
		pid = c.Pid()
		c.Stdin.End()
	})
	run(t, l)
	require.Positive(t, pid)
	require.Equal(t, pid, c.Pid())
	s, ended := c.Status()
	require.True(t, ended)
	require.True(t, s.Success())
}

func TestStdinOfAnAsyncChildTakesWritesBeforeSpawn(t *testing.T) {
	for name, text := range map[string]string{
		"a little": "text", "a full pipe": strings.Repeat("p", 64<<10), "more than a pipe": strings.Repeat("0123456789abcdef", 100<<10),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := startWith(t, l, async(), "cat")
			ev := events(c).reading()
			for part := range slices.Chunk([]byte(text), 100_000) {
				_, err := c.Stdin.Write(part)
				require.NoError(t, err)
			}
			c.Stdin.End()
			require.Zero(t, c.Pid())
			run(t, l)
			require.Equal(t, text, string(ev.data[1]))
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
			require.Less(t, ev.index("spawn"), ev.index("stdout data"))
		})
	}
}

// Whatever a child does in its first moment, spawn comes first, then the data, exit and close.
func TestEventsOfAnAsyncChildComeInTheirOrder(t *testing.T) {
	const batches, batch = 30, 10
	l := newLoop(t)
	for n := range batches {
		var all []*recorder
		for i := range batch {
			o := async()
			o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe}
			code := (n*batch + i) % 256
			script := fmt.Sprintf("echo 1; echo 2 >&2; echo 3 >&3; echo 4 >&4; exit %d", code)
			all = append(all, events(spawn(t, l, shell, []string{"-c", script}, o)).reading())
		}
		run(t, l)
		for i, ev := range all {
			code := (n*batch + i) % 256
			require.Equal(t, []string{"spawn", fmt.Sprint("exit ", code), fmt.Sprint("close ", code)}, ev.process())
			require.Zero(t, ev.index("spawn"), "%q", ev.Entries)
			require.Less(t, ev.index("exit"), ev.index("close"), "%q", ev.Entries)
			for slot := 1; slot < 5; slot++ {
				require.Equal(t, strconv.Itoa(slot)+"\n", string(ev.data[slot]), slot)
				if !watchesSIGCHLD() { // SIGCHLD may report the exit before the last data.
					require.Less(t, ev.index(slotName(slot)+" data"), ev.index("exit"), "%q", ev.Entries)
				}
			}
		}
	}
}

func TestMessagesOfAnAsyncChildComeAfterSpawn(t *testing.T) {
	l := newLoop(t)
	for range 15 {
		c := forkHelper(t, l, &childprocess.ForkOptions{Options: *async()}, "ipc-say", "1", "2")
		ev := events(c).messages(t)
		run(t, l)
		require.Equal(t, []string{"spawn", `message "1"`, `message "2"`}, ev.Entries[:3])
		require.Equal(t, "close 0", ev.Entries[len(ev.Entries)-1])
	}
}

func TestMessagesSentBeforeSpawnReachAnAsyncChild(t *testing.T) {
	for name, text := range map[string]string{"little": "text", "much": strings.Repeat("t", 1<<20)} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := forkHelper(t, l, &childprocess.ForkOptions{Options: *async()}, "ipc-echo")
			require.True(t, c.Connected())
			require.NoError(t, c.Send(text))
			require.NoError(t, c.Send("bye"))
			require.Zero(t, c.Pid())
			var got []any
			c.OnMessage(func(m *ipc.Message) {
				require.NotZero(t, c.Pid())
				v, err := m.Value()
				require.NoError(t, err)
				got = append(got, v)
			})
			ev := events(c)
			run(t, l)
			require.Equal(t, []any{text, "bye"}, got)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
		})
	}
}

// A channel that its user paused before spawn stays paused; Resume on another has no effect.
func TestAChannelThatIsPausedBeforeSpawnStaysPaused(t *testing.T) {
	l := newLoop(t)
	c := forkHelper(t, l, &childprocess.ForkOptions{Options: *async()}, "ipc-say", "1")
	ev := events(c).messages(t)
	c.Channel().Resume()
	c.Channel().Pause()
	c.OnExit(func(childprocess.ExitStatus) {
		ev.Add("resume")
		c.Channel().Resume()
	})
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "resume", `message "1"`, "disconnect", "close 0"}, ev.Entries)
}

func TestKillBeforeSpawnReachesAnAsyncChild(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1} {
		l := newLoop(t)
		c := spawn(t, l, "/bin/cat", nil, async()) // Not a Go program, which handles some signals.
		ev := events(c)
		killed, err := c.Kill(0)
		require.NoError(t, err)
		require.True(t, killed)
		kill(t, c, s)
		require.True(t, c.Killed())
		run(t, l)
		name := statusText(childprocess.ExitStatus{Signal: s})
		require.Equal(t, []string{"spawn", "exit " + name, "close " + name}, ev.process())
		killed, err = c.Kill(s)
		require.NoError(t, err)
		require.False(t, killed)
	}
}

func TestSignalZeroBeforeSpawnDoesNothing(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, async(), "exit", "3")
	ev := events(c)
	kill(t, c, 0)
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 3", "close 3"}, ev.process())
}

func TestAnInvalidSignalIsRefusedBeforeSpawnToo(t *testing.T) {
	l := newLoop(t)
	async, running := startWith(t, l, async(), "exit", "0"), start(t, l, "exit", "0")
	for _, s := range []syscall.Signal{-1, 100, 128, 129, 1000} {
		_, want := running.Kill(s)
		_, got := async.Kill(s)
		require.IsType(t, (*childprocess.ArgumentError)(nil), want, "%d", s)
		require.Equal(t, want, got)
	}
	require.False(t, async.Killed())
	run(t, l)
}

func TestAnAsyncChildIsKilledOnceThoughItsStartFails(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "/no/such", nil, async())
	ev := events(c)
	kill(t, c, syscall.SIGKILL) // Not to process 0, which is our group.
	run(t, l)
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
}

func TestUnrefBeforeSpawnLetsTheLoopEnd(t *testing.T) {
	l := newLoop(t)
	o := async()
	o.Stdio = childprocess.AllStdio(childprocess.Ignore)
	begin := make(chan struct{})
	// It cannot have started before the loop has ended.
	o.PreSpawn = func() error { <-begin; return nil }
	c := startWith(t, l, o, "exit", "4")
	ev := events(c)
	c.Unref()
	c.Unref()
	run(t, l)
	require.Empty(t, ev.Entries)
	close(begin)
	c.Ref()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 4", "close 4"}, ev.Entries)
}

func TestAChildUnrefedBeforeSpawnDoesNotKeepTheLoopAfterwards(t *testing.T) {
	l := newLoop(t)
	g := newGate(t)
	o := async()
	o.Stdio = []childprocess.Stdio{childprocess.File(g.wait), childprocess.Ignore, childprocess.Ignore}
	c := startWith(t, l, o, "cat")
	ev := events(c)
	c.Unref()
	c.OnSpawn(l.Hold())
	run(t, l)
	require.Equal(t, []string{"spawn"}, ev.Entries)
	g.open()
	c.Ref()
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.Entries)
}

func TestALoopMayStopWhileAChildIsBeingStarted(t *testing.T) {
	l := newLoop(t)
	for range 20 {
		c := spawn(t, l, shell, []string{"-c", "echo text"}, async())
		ev := events(c).reading()
		l.Stop()
		run(t, l)
		for ev.index("close") < 0 {
			l.SetImmediate(l.Stop)
			run(t, l)
		}
		require.Equal(t, "spawn", ev.Entries[0])
		require.Equal(t, "text\n", string(ev.data[1]))
	}
}

// When the loop is closed, no event comes, and nothing is left but the child, which gets the
// signals that it was sent.
func TestALoopMayBeClosedWhileAChildIsBeingStarted(t *testing.T) {
	noNewFDs(t)
	closed := 0
	for range 50 {
		l := newLoop(t)
		o := async()
		o.Stdio = []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe}
		c := spawn(t, l, shell, []string{"-c", "kill -STOP $$"}, o)
		ev := events(c)
		c.Unref()
		kill(t, c, syscall.SIGKILL)
		require.NoError(t, l.Close())
		closed++
		require.Empty(t, ev.Entries)
		_, err := c.Wait(t.Context())
		require.ErrorIs(t, err, reactor.ErrClosed)
		awaitNoSurvivor(t) // It was killed; otherwise it would be stopped for ever.
	}
	require.NotZero(t, closed)
}

// awaitNoSurvivor waits until no child of a closed loop is left, running or being started.
func awaitNoSurvivor(t testing.TB) {
	t.Helper()
	eventually(t, "no child is left", func() bool { return childprocess.BackgroundUsers() == 0 })
	childprocess.RetireBackground() // Another test would miss its descriptors when it ends.
}

func TestOptionsOfAnAsyncChildMayBeChangedAfterTheCall(t *testing.T) {
	file, argv := helperproc.Command("identity")
	needRoot(t)
	file = publicly(t, file)
	l := newLoop(t)
	var uid, gid uint32 = nobody, nobody
	o := async()
	o.UID, o.GID, o.Groups, o.Env, o.Dir = &uid, &gid, []uint32{3001}, []string{"A=1"}, "/"
	c := spawn(t, l, file, argv, o)
	uid, gid, o.Groups[0], o.Env[0], argv[0] = 0, 0, 0, "B=2", ""
	*o = childprocess.Options{}
	text := output(t, l, c)
	require.JSONEq(t, fmt.Sprintf(`{"UID":%d,"EUID":%[1]d,"GID":%[1]d,"EGID":%[1]d,"Groups":[3001],"GroupBack":false,"UserBack":false}`, nobody), text)
}
