package main

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/signals"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

func init() {
	// panicking-term is a term with a bug: a callback panics while its program runs.
	helperproc.Register("panicking-term", func([]string) {
		s, err := open("/bin/sh", []string{"-c", "echo pid $$; exec sleep 1000"})
		if err != nil {
			panic(err)
		}
		s.child.Terminal().Readable.OnLine(func([]byte) {
			s.loop.SetImmediate(func() { panic("in a callback") }) // When the line has been shown.
		})
		_, _ = s.run()
	})
}

// outer is the shell that a person has started term from. It says how term ended and whether it has
// left the terminal's mode as it was. report is its end.
const (
	outer  = `before=$(stty -g); "$@"` + "\n" + report
	report = `code=$?
test "$(stty -g)" = "$before" && echo "mode restored" || echo "mode changed"
echo "code $code"
exec cat >/dev/null`
)

// person is somebody at a terminal.
type person struct {
	t    *testing.T
	tty  *childprocess.Terminal
	text string
	seen int // of text
	acts []act
}

// act is what a person does when a text is shown.
type act struct {
	text string
	do   func()
}

// sits runs the shell with term and its arguments as arguments, on a terminal of 30×100.
func sits(t *testing.T, script string, command ...string) (p *person, run func()) {
	t.Helper()
	l := looptest.New(t)
	c, err := childprocess.Spawn(l, "/bin/sh", append([]string{"-c", script, "sh"}, command...), &childprocess.Options{
		Stdio: childprocess.AllStdio(childprocess.PTY(&childprocess.PTYOptions{Rows: 30, Cols: 100})),
	})
	require.NoError(t, err)
	p = &person{t: t, tty: c.Terminal()}
	p.tty.Readable.OnData(func(chunk []byte) {
		p.text += string(chunk)
		p.look()
	})
	return p, func() {
		t.Helper()
		p.types("code ", "\x04") // To the cat that waits: the text ends with the code then.
		looptest.Run(t, l)
		require.Empty(t, p.acts, "never shown; it showed %q", p.text)
		status, _ := c.Status()
		require.True(t, status.Success(), "%v", status)
	}
}

func (p *person) when(text string, do func()) *person {
	p.acts = append(p.acts, act{text, do})
	return p
}

func (p *person) types(text, keys string) *person {
	return p.when(text, func() {
		_, err := p.tty.Writable.WriteString(keys)
		require.NoError(p.t, err)
	})
}

func (p *person) look() {
	for len(p.acts) > 0 {
		at := strings.Index(p.text[p.seen:], p.acts[0].text)
		if at < 0 {
			return
		}
		p.seen += at + len(p.acts[0].text)
		do := p.acts[0].do
		p.acts = p.acts[1:]
		do()
	}
}

// number returns the number that is shown behind name.
func (p *person) number(name string) int {
	p.t.Helper()
	_, rest, _ := strings.Cut(p.text, name+" ")
	n, err := strconv.Atoi(strings.Fields(rest + " ")[0])
	require.NoError(p.t, err, "%q", p.text)
	return n
}

func TestKeysAndOutputPassThrough(t *testing.T) {
	p, run := sits(t, outer, program.Path(t), "/bin/sh", "-c", "echo ready; read line; echo got $line; exit 5")
	p.types("ready\r\n", "typed\r")
	run()
	require.Equal(t, "ready\r\ntyped\r\ngot typed\r\nmode restored\r\ncode 5\r\n", p.text, "one echo, of the inner terminal")
}

func TestTheProgramIsTheUsersShell(t *testing.T) {
	t.Setenv("SHELL", "/bin/echo") // It has one line to say.
	p, run := sits(t, outer, program.Path(t))
	run()
	require.Equal(t, "\r\nmode restored\r\ncode 0\r\n", p.text)
}

func TestTheSizeIsPassedOn(t *testing.T) {
	const inner = `trap 'stty size; exit 0' WINCH; stty size; sleep 1000 & wait`
	p, run := sits(t, outer, program.Path(t), "/bin/sh", "-c", inner)
	p.when("30 100\r\n", func() { require.NoError(t, p.tty.Resize(31, 101)) })
	run()
	require.Equal(t, "30 100\r\n31 101\r\nmode restored\r\ncode 0\r\n", p.text)
}

func TestTheInterruptKeyIsTheProgramsOwn(t *testing.T) {
	const inner = `trap 'echo interrupted; exit 3' INT; echo ready; sleep 1000 & wait`
	p, run := sits(t, outer, program.Path(t), "/bin/sh", "-c", inner)
	p.types("ready\r\n", "\x03")
	run()
	require.Equal(t, "ready\r\n^Cinterrupted\r\nmode restored\r\ncode 3\r\n", p.text)
}

func TestTheModeIsRestoredAfterASignal(t *testing.T) {
	for _, sig := range []unix.Signal{unix.SIGTERM, unix.SIGHUP, unix.SIGINT, unix.SIGQUIT} {
		t.Run(signals.Name(sig), func(t *testing.T) {
			p, run := sits(t, outer, program.Path(t), "/bin/sh", "-c", `echo term $PPID pid $$; exec sleep 1000`)
			p.when("pid ", func() {}).when("\r\n", func() { require.NoError(t, unix.Kill(p.number("term"), sig)) })
			run()
			require.Contains(t, p.text, "mode restored\r\ncode "+strconv.Itoa(exitSignal+int(sig))+"\r\n")
			require.Equal(t, unix.ESRCH, unix.Kill(p.number("pid"), 0), "the program is left")
		})
	}
}

func TestTheModeIsRestoredAfterAPanic(t *testing.T) {
	file, argv := helperproc.Command("panicking-term")
	p, run := sits(t, outer, append([]string{file}, argv...)...)
	run()
	require.Contains(t, p.text, "panic: in a callback")
	require.Contains(t, p.text, "mode restored\r\ncode 2\r\n")
	require.NotRegexp(t, `[^\r]\n`, p.text, "the trace was printed on a terminal in its own mode")
}

func TestTheModeIsRestoredWhileStopped(t *testing.T) {
	const jobs = `set -m; before=$(stty -g); "$@"
test "$(stty -g)" = "$before" && echo "restored while stopped"
fg >/dev/null
` + report
	p, run := sits(t, jobs, program.Path(t), "/bin/sh", "-c", "echo term $PPID; read line; echo got $line; exit 4")
	p.when("\r\n", func() { require.NoError(t, unix.Kill(p.number("term"), unix.SIGTSTP)) })
	p.types("restored while stopped\r\n", "typed\r")
	run()
	require.Contains(t, p.text, "got typed\r\nmode restored\r\ncode 4\r\n")
}

func TestTheModeIsRestoredWhenTheProgramIsKilled(t *testing.T) {
	p, run := sits(t, outer, program.Path(t), "/bin/sh", "-c", "kill -KILL $$")
	run()
	require.Equal(t, "mode restored\r\ncode 137\r\n", p.text)
}

// Nobody looks any more: the program is hung up.
func TestTheModeIsRestoredWhenTheOutputIsClosed(t *testing.T) {
	const piped = `before=$(stty -g); "$@" | head -c 1 >/dev/null` + "\n" + report
	p, run := sits(t, piped, program.Path(t), "/bin/sh", "-c", "while :; do echo more; done")
	run()
	require.Equal(t, "mode restored\r\ncode 0\r\n", p.text)
}

// The terminal is switched off, and with it the shell, term, and the program.
func TestTheProgramEndsWithTheOuterTerminal(t *testing.T) {
	l := looptest.New(t)
	argv := []string{"-c", outer, "sh", program.Path(t), "/bin/sh", "-c", "echo pid $$ at; exec sleep 1000"}
	c, err := childprocess.Spawn(l, "/bin/sh", argv, &childprocess.Options{Stdio: childprocess.AllStdio(childprocess.PTY(nil))})
	require.NoError(t, err)
	p := &person{t: t, tty: c.Terminal()}
	p.when(" at", func() { c.Terminal().Destroy(nil) })
	p.tty.Readable.OnData(func(chunk []byte) {
		p.text += string(chunk)
		p.look()
	})
	looptest.Run(t, l)
	pid := p.number("pid")
	for limit := time.Now().Add(looptest.HangLimit()); unix.Kill(pid, 0) != unix.ESRCH; runtime.Gosched() {
		require.True(t, time.Now().Before(limit), "the program is left")
	}
}

func TestAProgramThatIsMissing(t *testing.T) {
	p, run := sits(t, outer, program.Path(t), "/nowhere/program")
	run()
	require.Equal(t, "term: spawn /nowhere/program: ENOENT: no such file or directory\r\nmode restored\r\ncode 127\r\n", p.text)
}

func TestStdinIsNoTerminal(t *testing.T) {
	want := program.Result{Stderr: "term: stdin is not a terminal\n", Code: exitUsage}
	require.Equal(t, want, program.Run(t, program.Command(t, "/bin/true")))
}

func TestTheRunThatIsRecorded(t *testing.T) {
	command, recorded := program.Recorded(t)
	_, script, ok := strings.Cut(strings.TrimSuffix(command, "'"), " sh -c '")
	require.True(t, ok, command)
	p, run := sits(t, outer, program.Path(t), "sh", "-c", script)
	run()
	shown, _, _ := strings.Cut(strings.ReplaceAll(p.text, "\r", ""), "mode restored")
	require.Equal(t, program.Shape(recorded), program.Shape(shown))
}
