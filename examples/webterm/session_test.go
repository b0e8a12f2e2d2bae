package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"github.com/stretchr/testify/require"
)

// interactive is a shell at a prompt that is known.
func interactive(t *testing.T) *page {
	t.Helper()
	t.Setenv("PS1", "ready> ")
	t.Setenv("ENV", "")
	p := open(t, serve(t, "/bin/sh", "-i"))
	p.until("ready> ")
	return p
}

// script is a page whose program is that script.
func script(t *testing.T, text string) (*site, *page) {
	t.Helper()
	s := serve(t, "/bin/sh", "-c", text)
	return s, open(t, s)
}

// enters has the shell run a command, which shows that, and waits for the next prompt.
func (p *page) enters(command, shown string) {
	p.t.Helper()
	p.types(command + "\r")
	p.until("\r\n" + shown)
	p.until("ready> ")
}

func TestAShellInAPage(t *testing.T) {
	p := interactive(t)
	p.enters("echo hello $((6*7))", "hello 42\r\n")
	p.enters("echo grün €", "grün €\r\n")
	p.types("exit 3\r")
	require.Equal(t, "exit status 3", p.untilEnd())
}

func TestTheSizeFollowsThePage(t *testing.T) {
	p := interactive(t)
	p.enters("stty size", "24 80\r\n")
	p.tell(message{Size: &size{Rows: 30, Cols: 100}})
	p.enters("stty size", "30 100\r\n")
	p.types("exit\r")
	require.Equal(t, "exit status 0", p.untilEnd())
}

func TestTheProgramIsToldOfAnotherSize(t *testing.T) {
	_, p := script(t, "trap 'stty size; kill $!; exit 4' WINCH; sleep 1000 & echo ready; wait")
	p.until("ready")
	p.tell(message{Size: &size{Rows: 31, Cols: 101}})
	p.until("31 101\r\n")
	require.Equal(t, "exit status 4", p.untilEnd())
}

func TestTheInterruptKeyEndsTheForegroundJobOnly(t *testing.T) {
	p := interactive(t)
	p.enters("sleep 1000 &", "")
	p.types("cat\r")
	p.until("cat\r\n")
	p.types("one\r")
	p.until("one\r\none\r\n") // The echo, and cat.
	p.types("\x03")
	p.until("ready> ")
	p.enters("echo code $?", "code 130\r\n")
	p.types("jobs\r")
	p.until("Running")
	p.until("ready> ")
	p.types("kill %1; exit 0\r")
	require.Equal(t, "exit status 0", p.untilEnd())
}

func TestASignalEndsTheProgram(t *testing.T) {
	_, p := script(t, "echo ready; exec sleep 1000")
	p.until("ready")
	p.types("\x03")
	require.Equal(t, "signal: SIGINT", p.untilEnd())
}

func TestAProgramThatIsMissing(t *testing.T) {
	p := open(t, serve(t, "/nowhere/program"))
	require.Equal(t, "spawn /nowhere/program: ENOENT: no such file or directory", p.untilEnd())
	require.Empty(t, p.text)
}

// A page that is closed hangs up the shell, its jobs, and those who do not care.
func TestAPageThatIsClosedEndsItsProcesses(t *testing.T) {
	for name, c := range map[string]string{
		"a shell with jobs": `set -m; sleep 1000 & sleep 1000 9<&9 & echo ready; cat`,
		"one that refuses":  `trap '' HUP TERM; sleep 1000 & echo ready; while :; do sleep 1000; done`,
		"one that is busy":  `trap '' HUP; echo ready; while :; do echo more; done`,
		"one that is stuck": `kill -STOP $$`,
	} {
		t.Run(name, func(t *testing.T) {
			a := openAlive(t)
			_, p := script(t, a.script(c))
			p.until("begun\r\n")
			if strings.Contains(c, "ready") {
				p.until("ready")
			}
			require.NoError(t, p.conn.CloseNow())
			a.gone()
		})
	}
}

func TestTheServersEndEndsAllSessions(t *testing.T) {
	a := openAlive(t)
	s, first := script(t, a.script("echo ready; trap '' HUP; sleep 1000"))
	first.until("ready")
	second := open(t, s)
	second.until("ready")
	s.stop()
	a.gone()
	for err := error(nil); err == nil; { // What came before the end may be left.
		_, _, err = second.conn.Read(second.ctx)
	}
	_, _, err := dial(t, s, s.token, "http://"+s.Hosts[0], "")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

// A browser that does not draw stops the program. Nothing in between grows: the program tells of
// each block that it has got rid of.
func TestASlowPageStopsItsProgram(t *testing.T) {
	const (
		block   = 4 << 10
		blocks  = 1000
		between = 2*windowSize + 64<<10 // the terminal's, the stream's and the window's
	)
	a := openAlive(t)
	_, p := script(t, a.script("stty -opost; echo go; b=$(head -c 4096 /dev/zero | tr '\\0' x)\n"+
		"i=0; while test $i -lt 1000; do printf %s $b; printf . >&9; i=$((i+1)); done"))
	p.until("go\n")
	p.text = ""
	p.slow = true
	written := 0
	for len(p.text) < block*blocks {
		for p.owed < windowSize && len(p.text) < block*blocks {
			require.True(t, p.next())
		}
		n, _ := a.read()
		written += n
		require.LessOrEqual(t, written*block, len(p.text)+between)
		p.report()
	}
	p.slow = false
	require.Equal(t, "exit status 0", p.untilEnd())
	require.Equal(t, strings.Repeat("x", block*blocks), p.text)
}

// What the program wrote before its end is shown, however late.
func TestASlowPageMissesNothing(t *testing.T) {
	a := openAlive(t)
	const size = windowSize + 3000
	s, p := script(t, a.script("stty -opost; echo go; head -c 68536 /dev/zero | tr '\\0' x; exit 5"))
	p.until("go\n")
	p.text = ""
	p.slow = true
	for p.owed < windowSize {
		require.True(t, p.next())
	}
	a.gone()
	later := make(chan struct{})
	require.NoError(t, s.children.loop.Post(func() { s.children.loop.SetTimeout(2*closeGrace, func() { close(later) }) }))
	<-later
	p.slow = false
	p.report()
	require.Equal(t, "exit status 5", p.untilEnd())
	require.Len(t, p.text, size)
}

// Long texts come back while they are typed: neither side may wait for the other one.
func TestALongTextIsPasted(t *testing.T) {
	const length = 1 << 20
	_, p := script(t, "stty raw -echo; echo ready; exec head -c 1048576")
	p.until("ready\n")
	text := strings.Repeat("0123456789abcdef", length/16)
	for sent := 0; p.end == ""; {
		if n := min(p.room, length-sent, 16<<10); n > 0 {
			p.types(text[sent : sent+n])
			sent += n
			continue
		}
		require.True(t, p.next())
	}
	require.Equal(t, "exit status 0", p.untilEnd())
	require.Equal(t, text, p.text[p.seen:])
}

// A page that knows the protocol does none of that, and whoever does is put out.
func TestWhatNoPageSends(t *testing.T) {
	for name, c := range map[string]struct {
		kind websocket.MessageType
		data string
	}{
		"no JSON":          {websocket.MessageText, "{"},
		"nothing":          {websocket.MessageText, "{}"},
		"a negative count": {websocket.MessageText, `{"done":-1}`},
		"a count too high": {websocket.MessageText, `{"done":65537}`},
		"no rows":          {websocket.MessageText, `{"size":{"rows":0,"cols":80}}`},
		"no columns":       {websocket.MessageText, `{"size":{"rows":24}}`},
		"too many rows":    {websocket.MessageText, `{"size":{"rows":65536,"cols":80}}`},
	} {
		t.Run(name, func(t *testing.T) {
			a := openAlive(t)
			_, p := script(t, a.script("echo ready; exec sleep 1000"))
			p.until("ready")
			err := p.conn.Write(p.ctx, c.kind, []byte(c.data))
			for err == nil { // The rest of the line may come first.
				_, _, err = p.conn.Read(p.ctx)
			}
			require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), "%v", err)
			a.gone()
		})
	}
}

func TestAPageMayNotTypeMoreThanItsWindow(t *testing.T) {
	_, p := script(t, "stty raw -echo; echo ready; exec sleep 1000")
	p.until("ready")
	var err error
	for range 16 { // The terminal and the stream before it take some, and that is reported.
		require.NoError(t, p.conn.Write(p.ctx, websocket.MessageBinary, make([]byte, windowSize)))
	}
	for err == nil {
		_, _, err = p.conn.Read(p.ctx)
	}
	require.Equal(t, websocket.StatusPolicyViolation, websocket.CloseStatus(err), "%v", err)
}

func TestSessionsDoNotDisturbEachOther(t *testing.T) {
	s := serve(t, "/bin/sh", "-c", "echo ready; read x; echo got $x")
	slow := open(t, s)
	slow.slow = true
	slow.until("ready")
	for range 20 {
		p := open(t, s)
		p.until("ready")
		p.types("it\r")
		p.until("got it\r\n")
		require.Equal(t, "exit status 0", p.untilEnd())
	}
	slow.types("it\r")
	slow.until("got it\r\n")
	require.Equal(t, "exit status 0", slow.untilEnd())
}
