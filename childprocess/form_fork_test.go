package childprocess_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// echo sends each message back, and ends when its parent disconnects or sends "bye".
	helperproc.Register("ipc-echo", func([]string) {
		inChild(func(_ *reactor.Loop, parent *ipc.Channel) {
			parent.OnMessage(func(m *ipc.Message) {
				v := check(m.Value())
				must(parent.Send(v))
				if v == "bye" {
					parent.Disconnect()
				}
			})
		})
	})

	// says sends its arguments and returns.
	helperproc.Register("ipc-say", func(args []string) {
		inChild(func(_ *reactor.Loop, parent *ipc.Channel) {
			for _, a := range args {
				must(parent.Send(a))
			}
		})
	})

	// leave disconnects and then adds a listener.
	helperproc.Register("ipc-leave", func([]string) {
		inChild(func(l *reactor.Loop, parent *ipc.Channel) {
			parent.Disconnect()
			l.SetImmediate(func() {
				parent.OnMessage(func(*ipc.Message) {})
				parent.OnDisconnect(func() {})
			})
		})
	})

	// environment sends the variables of a channel that it sees, and that its own child sees,
	// before and after it has taken its channel.
	helperproc.Register("ipc-environment", func(grandchild []string) {
		var seen [3]string
		seen[0] = channelVariables()
		inChild(func(l *reactor.Loop, parent *ipc.Channel) {
			seen[1] = channelVariables()
			c := check(childprocess.Spawn(l, grandchild[0], grandchild[1:], nil))
			c.Stdout.Collect(-1, func(data []byte, err error) {
				must(err)
				seen[2] = string(data)
				must(parent.Send(seen))
			})
		})
	})

	helperproc.Register("channel-variables", func([]string) { writeAll(1, []byte(channelVariables())) })
}

func channelVariables() string {
	return os.Getenv("NODE_CHANNEL_FD") + "," + os.Getenv("NODE_CHANNEL_SERIALIZATION_MODE")
}

// inChild runs a loop with the channel to the parent.
func inChild(set func(l *reactor.Loop, parent *ipc.Channel)) {
	l := check(openLoop())
	set(l, check(ipc.Parent(l)))
	must(l.Run())
	must(l.Close())
}

func must(err error) { check(0, err) }

func forkHelper(t testing.TB, l *reactor.Loop, o *childprocess.ForkOptions, name string, args ...string) *childprocess.ChildProcess {
	t.Helper()
	file, argv := helperproc.Command(name, args...)
	return forked(t, l, file, argv, o)
}

// forkNode forks a Node.js program with the given text.
func forkNode(t testing.TB, l *reactor.Loop, o *childprocess.ForkOptions, program string, args ...string) *childprocess.ChildProcess {
	t.Helper()
	node := looptest.NodePath(t)
	file := filepath.Join(t.TempDir(), "worker.js")
	require.NoError(t, os.WriteFile(file, []byte(program), 0o600))
	if o == nil {
		o = new(childprocess.ForkOptions)
	}
	o.ExecPath = node
	return forked(t, l, file, args, o)
}

func forked(t testing.TB, l *reactor.Loop, file string, args []string, o *childprocess.ForkOptions) *childprocess.ChildProcess {
	t.Helper()
	c, err := childprocess.Fork(l, file, args, o)
	require.NoError(t, err, "Fork(%q, %q, %+v)", file, args, o)
	t.Cleanup(func() {
		if t.Failed() {
			_, _ = c.Kill(syscall.SIGKILL)
		}
	})
	return c
}

// messages records the messages of the child and the end of its channel.
func (r *recorder) messages(t testing.TB) *recorder {
	r.c.OnMessage(func(m *ipc.Message) {
		r.Add("message " + string(m.Raw()))
	})
	r.c.OnDisconnect(func() {
		require.False(t, r.c.Connected())
		r.Add("disconnect")
	})
	return r
}

// last returns the last entry of the child itself.
func (r *recorder) last() string {
	log := r.process()
	return log[len(log)-1]
}

//brood:checks N134
func TestMessagesComeBeforeDisconnectAndClose(t *testing.T) {
	for name, fork := range map[string]func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess{
		"Go": func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess {
			return forkHelper(t, l, nil, "ipc-say", "one", "two")
		},
		"Node": func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess {
			return forkNode(t, l, nil, `process.send("one"); process.send("two")`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			ev := events(fork(t, l)).messages(t)
			run(t, l)
			want := []string{"spawn", `message "one"`, `message "two"`, "disconnect", "exit 0", "close 0"}
			// The exit of the process and the end of its channel have no order.
			if ev.index("exit") < ev.index("disconnect") {
				want = []string{"spawn", `message "one"`, `message "two"`, "exit 0", "disconnect", "close 0"}
			}
			require.Equal(t, want, ev.Entries)
		})
	}
}

//brood:checks N138 N146
func TestEitherSideEndsTheChannel(t *testing.T) {
	for name, fork := range echoes {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			ev := events(fork(t, l)).messages(t)
			require.True(t, ev.c.Connected())
			require.NoError(t, ev.c.Send("hello"))
			ev.c.OnMessage(func(*ipc.Message) {
				ev.c.Disconnect()
				require.False(t, ev.c.Connected())
				require.Zero(t, ev.count("disconnect"), "inside the call")
			})
			run(t, l) // The child's loop ends with its channel.
			require.Equal(t, []string{"spawn", `message "hello"`, "disconnect", "exit 0", "close 0"}, ev.Entries)
		})
		t.Run(name+" child", func(t *testing.T) {
			l := newLoop(t)
			ev := events(fork(t, l)).messages(t)
			require.NoError(t, ev.c.Send("bye"))
			run(t, l)
			require.Equal(t, 1, ev.count("disconnect"))
			require.Equal(t, 1, ev.count(`message "bye"`))
			require.Equal(t, "close 0", ev.last())
		})
	}
}

// echoes are children that send each message back until they get "bye".
var echoes = map[string]func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess{
	"Go": func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess {
		return forkHelper(t, l, nil, "ipc-echo")
	},
	"Node": func(t testing.TB, l *reactor.Loop) *childprocess.ChildProcess {
		return forkNode(t, l, nil, `process.on('message', m => { process.send(m); if (m === 'bye') process.disconnect() })`)
	},
}

//brood:checks N149
func TestNothingIsSentAfterClose(t *testing.T) {
	l := newLoop(t)
	c := forkHelper(t, l, nil, "ipc-say")
	var told error
	c.OnClose(func(childprocess.ExitStatus) {
		require.ErrorIs(t, c.Send("late"), ipc.ErrChannelClosed)
		require.NoError(t, c.SendWith("late", &ipc.SendOptions{Done: func(err error) { told = err }}))
		require.NoError(t, told, "inside the call")
	})
	run(t, l)
	require.ErrorIs(t, told, ipc.ErrChannelClosed)
}

func TestAChildWithoutAChannelIsNotConnected(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "0")
	require.Nil(t, c.Channel())
	require.False(t, c.Connected())
	require.ErrorIs(t, c.Send(1), ipc.ErrChannelClosed)
	c.OnMessage(func(*ipc.Message) { require.Fail(t, "a message") })
	c.OnDisconnect(func() { require.Fail(t, "a disconnect") })
	c.Disconnect()
	run(t, l)
}

//brood:checks N133 S070
func TestTheChannelIsNotHandedOn(t *testing.T) {
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		t.Run(mode.String(), func(t *testing.T) {
			l := newLoop(t)
			file, argv := helperproc.Command("channel-variables")
			o := &childprocess.ForkOptions{Options: childprocess.Options{Serialization: mode}}
			// A program reads the first of several entries, so the caller's must not be there.
			o.Env = append(os.Environ(), "NODE_CHANNEL_FD=77", "NODE_CHANNEL_SERIALIZATION_MODE=none")
			c := forkHelper(t, l, o, "ipc-environment", append([]string{file}, argv...)...)
			var seen [3]string
			c.OnMessage(func(m *ipc.Message) { require.NoError(t, m.Decode(&seen)) })
			run(t, l)
			require.Equal(t, [3]string{"3," + mode.String(), ",", ","}, seen)
		})
	}
}

//brood:checks S070
func TestAChannelThatThisProgramHasNotTakenIsNotHandedOn(t *testing.T) {
	t.Setenv("NODE_CHANNEL_FD", "3")
	t.Setenv("NODE_CHANNEL_SERIALIZATION_MODE", "json")
	l := newLoop(t)
	require.Equal(t, ",", output(t, l, start(t, l, "channel-variables")))
}

//brood:checks N141 S068
func TestTheChannelMayBeInAnySlot(t *testing.T) {
	// 0 to 2 are for programs that do not need that descriptor. Node's own child keeps such a
	// channel until it exits.
	for slot := range 9 {
		if slot == 2 {
			continue // Text that a helper writes about its failure would be a message.
		}
		t.Run(strconv.Itoa(slot), func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.ForkOptions{}
			o.Stdio = make([]childprocess.Stdio, max(slot+1, 3))
			o.Stdio[2] = childprocess.Inherit
			o.Stdio[slot] = childprocess.IPC
			c := forkHelper(t, l, o, "ipc-echo")
			require.Len(t, c.Stdio, len(o.Stdio))
			require.Equal(t, childprocess.StdioStream{}, c.Stdio[slot])
			ev := events(c).messages(t)
			require.NoError(t, c.Send("bye"))
			run(t, l)
			require.Equal(t, 1, ev.count(`message "bye"`))
			require.Equal(t, "close 0", ev.last())
		})
	}
}

//brood:checks N144 N145
func TestNodeWithTheChannelOnAStandardDescriptor(t *testing.T) {
	for slot := range 2 {
		t.Run(strconv.Itoa(slot), func(t *testing.T) {
			l := newLoop(t)
			o := &childprocess.ForkOptions{}
			o.Stdio = slices.Repeat([]childprocess.Stdio{childprocess.Inherit}, 3)
			o.Stdio[slot] = childprocess.IPC
			ev := events(forkNode(t, l, o, `process.stdin.on; process.send("hi"); process.on('message', () => process.disconnect())`)).messages(t)
			require.NoError(t, ev.c.Send("end"))
			run(t, l)
			require.Equal(t, 1, ev.count(`message "hi"`))
			require.Equal(t, "close 0", ev.last())
		})
	}
}

//brood:checks N032 S068
func TestTwoChannelsAreRefused(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.IPC, 4: childprocess.IPC}})
	require.Nil(t, c)
	require.Equal(t, &childprocess.ArgumentError{Op: "spawn", Name: "Stdio[4]", Reason: "is a second IPC"}, err)
}

//brood:checks N141 N142
func TestTheStdioOfAFork(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("ipc-say", "there")
	for _, c := range []struct {
		name   string
		o      childprocess.ForkOptions
		stdout bool // is a stream
		err    string
	}{
		{name: "default"},
		{name: "silent", o: childprocess.ForkOptions{Silent: true}, stdout: true},
		{name: "all pipes", o: childprocess.ForkOptions{Options: childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Pipe)}}, stdout: true},
		{name: "all ignored", o: childprocess.ForkOptions{Options: childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Ignore)}, Silent: true}},
		{name: "without a channel", o: childprocess.ForkOptions{Options: childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Pipe}}},
			err: "fork: Stdio has no IPC"},
		{name: "without anything", o: childprocess.ForkOptions{Options: childprocess.Options{Stdio: []childprocess.Stdio{}}},
			err: "fork: Stdio has no IPC"},
		{name: "with a part", o: childprocess.ForkOptions{Options: childprocess.Options{Stdio: childprocess.AllStdio(childprocess.Pipe)[:2]}},
			err: "fork: Stdio has no IPC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err != "" {
				p, err := childprocess.Fork(l, file, argv, &c.o)
				require.Nil(t, p)
				require.EqualError(t, err, c.err)
				require.ErrorIs(t, err, syscall.EINVAL)
				return
			}
			before := slices.Clone(c.o.Stdio)
			ev := events(forked(t, l, file, argv, &c.o)).messages(t)
			require.Equal(t, before, c.o.Stdio, "the caller's options")
			require.Equal(t, c.stdout, ev.c.Stdout != nil)
			require.Len(t, ev.c.Stdio, 4)
			run(t, l)
			require.Equal(t, 1, ev.count(`message "there"`))
		})
	}
}

//brood:checks N132 N137
func TestMistakesInAForkAreReturned(t *testing.T) {
	l := newLoop(t)
	type options = childprocess.ForkOptions
	for _, c := range []struct {
		module string
		o      options
		name   string // of the argument
	}{
		{"", options{}, "module"},
		{"a\x00b", options{}, "file"},
		{"a\x00b", options{ExecPath: "node"}, "module"},
		{"a.js", options{ExecPath: "no\x00de"}, "file"},
		{"a.js", options{ExecPath: "node", ExecArgv: []string{"ok", "n\x00"}}, "ExecArgv[1]"},
		{"a", options{ExecArgv: []string{"-x"}}, "ExecArgv"},
		{"a", options{Options: childprocess.Options{Shell: childprocess.DefaultShell}}, "Shell"},
		{"a", options{Options: childprocess.Options{Serialization: 2}}, "Serialization"},
		{"a", options{Options: childprocess.Options{MaxMessage: -1}}, "MaxMessage"},
		{"a", options{Options: childprocess.Options{Timeout: -1}}, "Timeout"},
	} {
		p, err := childprocess.Fork(l, c.module, nil, &c.o)
		require.Nil(t, p, "%+v", c)
		var mistake *childprocess.ArgumentError
		require.ErrorAs(t, err, &mistake, "%+v", c)
		require.Equal(t, "fork", mistake.Op)
		require.Equal(t, c.name, mistake.Name)
	}
}

//brood:checks N130 N135 N136
func TestExecPathAndItsArgumentsComeFirst(t *testing.T) {
	l := newLoop(t)
	args := []string{"a", "b c"}
	c := forkNode(t, l, &childprocess.ForkOptions{ExecArgv: []string{"--no-warnings"}}, `process.send([process.execArgv, process.argv.slice(2)])`, args...)
	var got [2][]string
	c.OnMessage(func(m *ipc.Message) { require.NoError(t, m.Decode(&got)) })
	run(t, l)
	require.Equal(t, [2][]string{{"--no-warnings"}, {"a", "b c"}}, got)
	require.Equal(t, []string{"a", "b c"}, args)
}

//brood:checks N131
func TestAnEmptyProgramEnds(t *testing.T) {
	l := newLoop(t)
	ev := events(forkNode(t, l, nil, ``)).messages(t)
	run(t, l)
	require.Equal(t, "close 0", ev.last())
	require.Equal(t, 1, ev.count("disconnect"))
}

//brood:checks N136
func TestAMissingProgramIsTheErrorEvent(t *testing.T) {
	l := newLoop(t)
	c := forked(t, l, "worker.js", nil, &childprocess.ForkOptions{ExecPath: "/nonexistent/node"})
	ev := events(c).messages(t)
	require.True(t, c.Connected())
	run(t, l)
	require.ErrorIs(t, ev.err, syscall.ENOENT)
	require.Equal(t, []string{"error ENOENT", "disconnect", "close -2"}, ev.Entries)
}

//brood:checks N139
func TestADisconnectListenerKeepsTheChild(t *testing.T) {
	l := newLoop(t)
	c := forkNode(t, l, &childprocess.ForkOptions{Silent: true}, `
		process.on('disconnect', () => process.stdout.write('3'));
		process.send('1');
		setTimeout(() => process.send('2'), 10);`)
	ev := events(c).messages(t).reading()
	c.OnMessage(func(m *ipc.Message) {
		if string(m.Raw()) == `"2"` {
			c.Disconnect()
		}
	})
	run(t, l)
	require.Equal(t, "3", string(ev.data[1]))
	require.Less(t, ev.index(`message "1"`), ev.index(`message "2"`))
}

//brood:checks N140
func TestAListenerDoesNotKeepAChildThatHasDisconnected(t *testing.T) {
	l := newLoop(t)
	ev := events(forkHelper(t, l, nil, "ipc-leave")).messages(t)
	run(t, l)
	require.Equal(t, 1, ev.count("disconnect"))
	require.Equal(t, "close 0", ev.last())
}

//brood:checks N143
func TestASilentChildIsNotHeard(t *testing.T) {
	l := newLoop(t)
	c := forkNode(t, l, &childprocess.ForkOptions{Silent: true}, `console.log('out'); console.error('err'); process.send('hi'); process.on('message', () => {})`)
	ev := events(c).messages(t).reading()
	c.OnMessage(func(*ipc.Message) { c.Disconnect() })
	run(t, l)
	require.Equal(t, "out\n", string(ev.data[1]))
	require.Equal(t, "err\n", string(ev.data[2]))
	require.Equal(t, "close 0", ev.last())
}

//brood:checks N158
func TestAMessageSentBeforeTheChildListens(t *testing.T) {
	l := newLoop(t)
	c := forkNode(t, l, nil, `setTimeout(() => process.once('message', m => { process.send(m); }), 50)`)
	ev := events(c).messages(t)
	require.NoError(t, c.Send(map[string]int{"n": 1}))
	run(t, l)
	require.Equal(t, 1, ev.count(`message {"n":1}`))
}
