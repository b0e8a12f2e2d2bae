package childprocess_test

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/streams"
)

func init() {
	// terminal-size writes the size of its terminal at its start and at each SIGWINCH, until it
	// reads a line.
	helperproc.Register("terminal-size", func([]string) {
		resized := make(chan os.Signal, 16)
		signal.Notify(resized, syscall.SIGWINCH)
		go func() { // It ends the program.
			_, _ = fmt.Scanln()
			helperproc.Exit(0)
		}()
		for {
			s := check(pty.SizeOf(0))
			fmt.Printf("%d×%d\n", s.Rows, s.Cols)
			<-resized
		}
	})
}

// ownTerminal returns the options of a child whose stdin, stdout and stderr are one terminal.
func ownTerminal(o *childprocess.PTYOptions) *childprocess.Options {
	return &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.PTY(o))}
}

// A screen is the output of a child's terminal.
type screen struct {
	child *childprocess.ChildProcess
	text  string
	seen  int // length of the text that when has waited for
	steps []screenStep
	// the events of the child, and "terminal end", "terminal error EIO", "terminal close"
	log []string
}

// screenStep is a step that runs when a text is shown.
type screenStep struct {
	text string
	do   func()
}

// screenOf reads the output of c's terminal.
func screenOf(c *childprocess.ChildProcess) *screen {
	s := &screen{child: c}
	note := func(entry string) { s.log = append(s.log, entry) }
	c.OnSpawn(func() { note("spawn") })
	c.OnExit(func(st childprocess.ExitStatus) { note("exit " + statusText(st)) })
	c.OnError(func(err error) { note("error " + errorText(err)) })
	c.OnClose(func(st childprocess.ExitStatus) { note("close " + statusText(st)) })
	r, w := c.Terminal().Readable, c.Terminal().Writable
	r.OnData(func(chunk []byte) {
		s.text += string(chunk)
		s.next()
	})
	r.OnEnd(func() { note("terminal end") })
	r.OnError(func(err error) { note("terminal error " + errorText(err)) })
	w.OnError(func(err error) { note("terminal error " + errorText(err)) })
	r.OnClose(func() { note("terminal close") })
	return s
}

// when calls do when text is shown, after the text of the call before.
func (s *screen) when(text string, do func()) *screen {
	s.steps = append(s.steps, screenStep{text, do})
	return s
}

// types types keys when text is shown.
func (s *screen) types(text, keys string) *screen {
	return s.when(text, func() {
		if _, err := s.child.Terminal().Writable.WriteString(keys); err != nil {
			panic(err)
		}
	})
}

func (s *screen) next() {
	for len(s.steps) > 0 {
		at := strings.Index(s.text[s.seen:], s.steps[0].text)
		if at < 0 {
			return
		}
		s.seen += at + len(s.steps[0].text)
		do := s.steps[0].do
		s.steps = s.steps[1:]
		do()
	}
}

// done fails t unless every text was shown.
func (s *screen) done(t testing.TB) {
	t.Helper()
	require.Empty(t, s.steps, "never shown; it showed %q", s.text)
}

// terminalEnds is the record of a child with this exit, and of its terminal.
func terminalEnds(exit string) []string {
	return []string{"spawn", "exit " + exit, "terminal end", "terminal close", "close " + exit}
}

//brood:checks S058
func TestAChildOnATerminal(t *testing.T) {
	for name, async := range map[string]bool{"at once": false, "Async": true} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := ownTerminal(&childprocess.PTYOptions{Rows: 24, Cols: 80})
			o.Async = async
			c := spawn(t, l, shell, []string{"-c", "test -t 0 && test -t 1 && test -t 2 && stty size && read line && echo got $line >&2"}, o)
			require.NotNil(t, c.Terminal())
			require.Nil(t, c.Stdin)
			require.Nil(t, c.Stdout)
			require.Nil(t, c.Stderr)
			require.Equal(t, make([]childprocess.StdioStream, 3), c.Stdio)
			s := screenOf(c).types("24 80\r\n", "typed\n")
			run(t, l)
			s.done(t)
			require.Equal(t, "24 80\r\ntyped\r\ngot typed\r\n", s.text, "an echo, and newlines as the terminal translates them")
			require.Equal(t, terminalEnds("0"), s.log)
			require.Equal(t, -1, c.Terminal().FD())
		})
	}
}

//brood:checks S058
func TestATerminalHasASizeThatChanges(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, ownTerminal(nil), "terminal-size")
	resize := func(rows, cols uint16) func() {
		return func() {
			require.NoError(t, c.Terminal().Resize(rows, cols))
			r, cs, err := c.Terminal().Size()
			require.NoError(t, err)
			require.Equal(t, [2]uint16{rows, cols}, [2]uint16{r, cs})
		}
	}
	s := screenOf(c)
	s.when("24×80\r\n", resize(50, 132)).when("50×132\r\n", func() {
		resize(50, 132)() // It has that size already, so there is no signal.
		resize(1, 65535)()
	}).types("1×65535\r\n", "\n")
	run(t, l)
	s.done(t)
	require.Equal(t, "24×80\r\n50×132\r\n1×65535\r\n\r\n", s.text)
	require.Equal(t, terminalEnds("0"), s.log)
}

func TestATerminalThatIsResizedBeforeItsAsyncChildStarts(t *testing.T) {
	l := newLoop(t)
	o := ownTerminal(nil)
	o.Async = true
	c := spawn(t, l, shell, []string{"-c", "stty size; read line; echo got $line"}, o)
	require.Zero(t, c.Pid())
	require.NoError(t, c.Terminal().Resize(7, 9))
	_, err := c.Terminal().Writable.WriteString("early\n")
	require.NoError(t, err)
	s := screenOf(c)
	run(t, l)
	require.Contains(t, s.text, "7 9\r\n")
	require.Contains(t, s.text, "got early\r\n")
	require.Equal(t, terminalEnds("0"), s.log)
}

// On Linux a terminal ends with EIO, after everything that was written.
//
//brood:checks S058
func TestAllOutputComesBeforeTheEnd(t *testing.T) {
	const size = 1 << 20
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "head -c 1048576 /dev/zero | tr '\\0' x"}, ownTerminal(nil))
	s := screenOf(c)
	run(t, l)
	require.Len(t, s.text, size)
	require.Empty(t, strings.Trim(s.text, "x"))
	require.Equal(t, []string{"terminal end", "terminal close", "close 0"}, s.log[len(s.log)-3:])
}

// The program reads slowly, and the terminal holds little.
func TestMuchIsTyped(t *testing.T) {
	const size = 1 << 20
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "stty raw -echo; echo ready; head -c 1048576 | wc -c"}, ownTerminal(nil))
	drained := false
	c.Terminal().Writable.OnDrain(func() { drained = true })
	s := screenOf(c).types("ready", strings.Repeat("typed\n\r\x03", size/8))
	run(t, l)
	s.done(t)
	require.Contains(t, s.text, "1048576")
	require.True(t, drained)
	require.Equal(t, terminalEnds("0"), s.log)
}

// Some of the three slots are no PTY. The terminal is the controlling one nevertheless.
func TestSomeOfTheSlotsAreTheTerminal(t *testing.T) {
	p, terminal := childprocess.Pipe, childprocess.PTY(nil)
	const script = `t=; for n in 0 1 2; do test -t $n && t=$t$n; done; echo $t >/dev/tty; echo out; echo err >&2; stty size </dev/tty >/dev/tty`
	for name, c := range map[string]struct {
		stdio                  []childprocess.Stdio
		shown, stdout, stderr  string
		hasStdin, hasOut, hasE bool
	}{
		"stdin":             {[]childprocess.Stdio{terminal, p, p}, "0\r\n24 80\r\n", "out\n", "err\n", false, true, true},
		"stdout":            {[]childprocess.Stdio{p, terminal, p}, "1\r\nout\r\n24 80\r\n", "", "err\n", true, false, true},
		"stderr":            {[]childprocess.Stdio{p, p, terminal}, "2\r\nerr\r\n24 80\r\n", "out\n", "", true, true, false},
		"stdin and stdout":  {[]childprocess.Stdio{terminal, terminal}, "01\r\nout\r\n24 80\r\n", "", "err\n", false, false, true},
		"stdout and stderr": {[]childprocess.Stdio{childprocess.Ignore, terminal, terminal}, "12\r\nout\r\nerr\r\n24 80\r\n", "", "", false, false, false},
		"with slots above":  {[]childprocess.Stdio{terminal, terminal, terminal, p, p, p}, "012\r\nout\r\nerr\r\n24 80\r\n", "", "", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			child := spawn(t, l, shell, []string{"-c", script}, &childprocess.Options{Stdio: c.stdio})
			require.Equal(t, []bool{c.hasStdin, c.hasOut, c.hasE}, []bool{child.Stdin != nil, child.Stdout != nil, child.Stderr != nil})
			ev := events(child).reading()
			s := screenOf(child)
			run(t, l)
			require.True(t, ev.status.Success(), "%v", ev.status)
			require.Equal(t, []string{c.shown, c.stdout, c.stderr}, []string{s.text, string(ev.data[1]), string(ev.data[2])})
			require.Equal(t, "close 0", s.log[len(s.log)-1])
		})
	}
}

func TestOneSizeForAllSlots(t *testing.T) {
	given := childprocess.PTY(&childprocess.PTYOptions{Rows: 3, Cols: 4})
	for name, stdio := range map[string][]childprocess.Stdio{
		"the first": {given, childprocess.PTY(nil), childprocess.PTY(nil)},
		"the last":  {childprocess.PTY(nil), childprocess.PTY(nil), given},
		"all":       childprocess.AllStdio(given),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			s := screenOf(spawn(t, l, "stty", []string{"size"}, &childprocess.Options{Stdio: stdio}))
			run(t, l)
			require.Equal(t, "3 4\r\n", s.text)
		})
	}
}

// For a moment only this program has the terminal open. The terminal stays.
func TestAChildClosesTheTerminalAndOpensItAgain(t *testing.T) {
	const script = "exec 0<&- 1>&- 2>&-; true; exec 0</dev/tty 1>/dev/tty 2>&1; echo again; read line; echo got $line"
	for range 10 {
		l := newLoop(t)
		s := screenOf(spawn(t, l, shell, []string{"-c", script}, ownTerminal(nil))).types("again\r\n", "typed\n")
		run(t, l)
		s.done(t)
		require.Equal(t, "again\r\ntyped\r\ngot typed\r\n", s.text)
		require.Equal(t, terminalEnds("0"), s.log)
	}
}

// A child that has closed its terminal gets no SIGHUP, and closes when it exits.
func TestAChildLivesOnWithoutItsTerminal(t *testing.T) {
	l := newLoop(t)
	o := ownTerminal(nil)
	o.Stdio = append(o.Stdio, childprocess.Pipe)
	c := spawn(t, l, shell, []string{"-c", "echo bye; exec 0<&- 1>&- 2>&-; echo on >&3; read line <&3; exit 4"}, o)
	s := screenOf(c)
	c.Stdio[3].Readable.OnLine(func([]byte) {
		require.Equal(t, []string{"spawn"}, s.log)
		_, err := c.Stdio[3].Writable.WriteString("line\n")
		require.NoError(t, err)
	})
	run(t, l)
	require.Equal(t, "bye\r\n", s.text)
	require.Equal(t, terminalEnds("4"), s.log)
}

// The terminal of a child that was not started ends like that of an exited child.
func TestAProgramThatIsMissingLeavesNoTerminal(t *testing.T) {
	for name, async := range map[string]bool{"at once": false, "Async": true} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			l := newLoop(t)
			o := ownTerminal(nil)
			o.Async = async
			c := spawn(t, l, "/nowhere/program", nil, o)
			s := screenOf(c)
			run(t, l)
			require.Equal(t, []string{"error ENOENT", "terminal end", "terminal close", "close -2"}, s.log)
			require.Equal(t, -1, c.Terminal().FD())
		})
	}
}

func TestAForkedChildOnATerminal(t *testing.T) {
	l := newLoop(t)
	c := forkHelper(t, l, &childprocess.ForkOptions{Options: *ownTerminal(nil)}, "ipc-echo")
	s := screenOf(c)
	ev := events(c).messages(t)
	require.NoError(t, c.Send("hello"))
	require.NoError(t, c.Send("bye"))
	run(t, l)
	require.Contains(t, ev.Entries, `message "hello"`)
	require.Equal(t, "close 0", s.log[len(s.log)-1])
}

func TestWhatATerminalRefuses(t *testing.T) {
	l := newLoop(t)
	noNewFDs(t)
	terminal := func(rows, cols uint16) childprocess.Stdio {
		return childprocess.PTY(&childprocess.PTYOptions{Rows: rows, Cols: cols})
	}
	for name, c := range map[string]struct {
		o    childprocess.Options
		want childprocess.ArgumentError
	}{
		"no rows": {childprocess.Options{Stdio: []childprocess.Stdio{1: terminal(0, 80)}},
			childprocess.ArgumentError{Op: "spawn", Name: "Stdio[1].Rows", Reason: "is 0: a PTY has a size"}},
		"no columns": {childprocess.Options{Stdio: []childprocess.Stdio{terminal(24, 0)}},
			childprocess.ArgumentError{Op: "spawn", Name: "Stdio[0].Cols", Reason: "is 0: a PTY has a size"}},
		"nothing": {childprocess.Options{Stdio: []childprocess.Stdio{terminal(0, 0)}},
			childprocess.ArgumentError{Op: "spawn", Name: "Stdio[0].Rows", Reason: "is 0: a PTY has a size"}},
		"two sizes": {childprocess.Options{Stdio: []childprocess.Stdio{terminal(24, 80), childprocess.PTY(nil), terminal(24, 81)}},
			childprocess.ArgumentError{Op: "spawn", Name: "Stdio[2]", Reason: "is a PTY of another size than Stdio[0], whose terminal it shares"}},
		"a high slot": {childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.PTY(nil)}},
			childprocess.ArgumentError{Op: "spawn", Name: "Stdio[3]", Reason: "is a PTY, which only slots 0 to 2 can be"}},
		"a foreground": {childprocess.Options{Stdio: childprocess.AllStdio(childprocess.PTY(nil)), Foreground: true},
			childprocess.ArgumentError{Op: "spawn", Name: "Foreground", Reason: "is not for a child on a PTY, which is in the foreground there"}},
		"a group": {childprocess.Options{Stdio: childprocess.AllStdio(childprocess.PTY(nil)), Setpgid: true},
			childprocess.ArgumentError{Op: "spawn", Name: "Setpgid", Reason: "is not for a child on a PTY, which leads a session"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, async := range []bool{false, true} {
				c.o.Async = async
				_, err := childprocess.Spawn(l, shell, []string{"-c", "exit 0"}, &c.o)
				require.Equal(t, &c.want, err)
				require.ErrorIs(t, err, syscall.EINVAL)
			}
		})
	}
	require.False(t, l.Alive())
}

// Such a child has a session and a group in any case.
func TestOptionsThatGoWithATerminal(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"Detached":   {Detached: true},
		"ScopeGroup": {KillScope: childprocess.ScopeGroup},
		"ScopeChild": {KillScope: childprocess.ScopeChild},
	} {
		l := newLoop(t)
		o.Stdio = childprocess.AllStdio(childprocess.PTY(nil))
		s := screenOf(spawn(t, l, shell, []string{"-c", "stty size </dev/tty"}, &o))
		run(t, l)
		require.Equal(t, "24 80\r\n", s.text, name)
		require.Equal(t, terminalEnds("0"), s.log, name)
	}
}

// The echo, stdout and stderr are one stream, so there is no output to collect.
func TestFormsThatCollectOutputRefuseATerminal(t *testing.T) {
	l := newLoop(t)
	o := *ownTerminal(nil)
	refused := func(err error, name string) {
		t.Helper()
		var mistake *childprocess.ArgumentError
		require.ErrorAs(t, err, &mistake)
		require.Equal(t, name, mistake.Name)
	}
	_, err := childprocess.Exec(l, "exit 0", &childprocess.ExecOptions{Options: o}, nil)
	refused(err, "Stdio")
	_, err = childprocess.ExecFile(l, "true", nil, &childprocess.ExecOptions{Options: o}, nil)
	refused(err, "Stdio")
	refused(childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: o}).Err, "Stdio[0]")
	_, err = childprocess.ExecSync("exit 0", &childprocess.SyncOptions{Options: o})
	refused(err, "Stdio[0]")
	_, err = childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: o}, "true")
	refused(err, "Stdio[0]")
	refused(childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, "true"), "Stdio[0]")
	for _, err := range childprocess.LinesWith(t.Context(), &childprocess.RunOptions{Options: o}, "true") {
		refused(err, "Stdio[0]")
	}
}

func TestASizeThatIsRefused(t *testing.T) {
	l := newLoop(t)
	c := startWith(t, l, ownTerminal(nil), "exit", "0")
	tty := c.Terminal()
	require.Equal(t, &childprocess.ArgumentError{Op: "resize", Name: "rows", Reason: "is 0"}, tty.Resize(0, 80))
	require.Equal(t, &childprocess.ArgumentError{Op: "resize", Name: "cols", Reason: "is 0"}, tty.Resize(24, 0))
	screenOf(c)
	run(t, l)
	require.Equal(t, streams.ErrClosed, tty.Resize(24, 80))
	_, _, err := tty.Size()
	require.Equal(t, streams.ErrClosed, err)
}

func TestAChildWithoutATerminalHasNone(t *testing.T) {
	l := newLoop(t)
	require.Nil(t, start(t, l, "exit", "0").Terminal())
	run(t, l)
}
