package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A browser is a headless Chromium, a child on the loop of the server that it visits. It is told what to do in the DevTools
// protocol on its descriptors 3 and 4, where each message ends with a zero byte.
type browser struct {
	t     *testing.T
	in    io.Writer
	out   *bufio.Reader
	last  int    // id of a command
	marks int    // of size
	tab   string // the session with the page, "" with the browser
}

// chromium returns the path of a Chromium. BROOD_TEST_CHROMIUM says where it is if PATH does not.
func chromium(t *testing.T) string {
	t.Helper()
	names := []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"}
	if name := os.Getenv("BROOD_TEST_CHROMIUM"); name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("no browser: none of %s is in PATH, and BROOD_TEST_CHROMIUM names none", strings.Join(names, ", "))
	return ""
}

// startBrowser starts one, whose end is that of the test.
func startBrowser(t *testing.T, loop *reactor.Loop) *browser {
	t.Helper()
	path, home := chromium(t), t.TempDir()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-crash-reporter",
		"--no-first-run", "--user-data-dir=" + home, "--remote-debugging-pipe", "about:blank"}
	o := &childprocess.Options{
		Env:        append(os.Environ(), "HOME="+home), // There may be none.
		Stdio:      []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
		KillScope:  scope,
		Detached:   true,
		CloseGrace: time.Second,
	}
	b := &browser{t: t}
	var c *childprocess.ChildProcess
	var err error
	closed := make(chan struct{})
	require.NoError(t, loop.Do(t.Context(), func() {
		if c, err = childprocess.Spawn(loop, path, args, o); err == nil {
			c.OnClose(func(childprocess.ExitStatus) { close(closed) })
			b.in, b.out = c.Stdio[3].Writable.Writer(), bufio.NewReader(c.Stdio[4].Readable.Reader())
		}
	}))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() { c.Terminate(10 * time.Second) }))
		<-closed
	})
	return b
}

// call sends a command and returns its result.
func (b *browser) call(method string, params map[string]any) (result json.RawMessage) {
	b.t.Helper()
	b.last++
	text, err := json.Marshal(map[string]any{"id": b.last, "method": method, "params": params, "sessionId": b.tab})
	require.NoError(b.t, err)
	if b.tab == "" {
		text = []byte(strings.Replace(string(text), `,"sessionId":""`, "", 1))
	}
	_, err = b.in.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		line, err := b.out.ReadBytes(0)
		require.NoError(b.t, err, method)
		var answer struct {
			ID     int
			Result json.RawMessage
			Error  json.RawMessage
		}
		require.NoError(b.t, json.Unmarshal(line[:len(line)-1], &answer))
		if answer.ID == b.last { // Else an event.
			require.Empty(b.t, string(answer.Error), "%s", text)
			return answer.Result
		}
	}
}

// open shows an address in a new tab, the one that is spoken to from now on, and returns the tab's name.
func (b *browser) open(address string) (target string) {
	b.t.Helper()
	b.tab = ""
	var made struct{ TargetID, SessionID string }
	require.NoError(b.t, json.Unmarshal(b.call("Target.createTarget", map[string]any{"url": address}), &made))
	attached := b.call("Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true})
	require.NoError(b.t, json.Unmarshal(attached, &made))
	b.tab = made.SessionID
	return made.TargetID
}

// closeTab closes a tab, as a person does.
func (b *browser) closeTab(target string) {
	b.t.Helper()
	b.tab = ""
	b.call("Target.closeTarget", map[string]any{"targetId": target})
}

// text returns what the element is seen to contain.
func (b *browser) text(selector string) string {
	b.t.Helper()
	script := `document.querySelector(` + "`" + selector + "`" + `)?.innerText ?? ""`
	var got struct{ Result struct{ Value string } }
	require.NoError(b.t, json.Unmarshal(b.call("Runtime.evaluate", map[string]any{"expression": script}), &got))
	return strings.ReplaceAll(got.Result.Value, "\u00a0", " ") // xterm.js draws blanks that do not break.
}

// until asks until the element is seen to contain the text.
func (b *browser) until(selector, text string) {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; {
		got := b.text(selector)
		if strings.Contains(got, text) {
			return
		}
		require.True(b.t, time.Now().Before(limit), "%s never showed %q; it shows %q", selector, text, got)
	}
}

// types presses keys, one after the other; "\r" is the Enter key.
func (b *browser) types(keys string) {
	b.t.Helper()
	for _, key := range keys {
		press := map[string]any{"type": "keyDown", "text": string(key), "key": string(key)}
		if key == '\r' {
			press["key"], press["code"], press["windowsVirtualKeyCode"] = "Enter", "Enter", 13
		}
		b.call("Input.dispatchKeyEvent", press)
		press["type"] = "keyUp"
		delete(press, "text")
		b.call("Input.dispatchKeyEvent", press)
	}
}

// resize changes the size of the window, in pixels.
func (b *browser) resize(width, height int) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

// screen is where xterm.js draws the lines.
const screen = ".xterm-rows"

func TestATerminalInABrowser(t *testing.T) {
	chromium(t)
	a := openAlive(t)
	t.Setenv("PS1", "ready> ")
	t.Setenv("ENV", "")
	s := serve(t, "/bin/sh", "-c", a.script("exec /bin/sh -i"))
	b := startBrowser(t, s.children.loop)
	target := b.open(s.url())
	b.until(screen, "ready> ")
	b.types("echo hello $((6*7))\r")
	b.until(screen, "\nhello 42\n")
	b.types("printf 'gr\\303\\274n %s\\n' €\r")
	b.until(screen, "\ngrün €\n")

	first := b.size(size{})
	b.resize(1200, 700)
	wide := b.size(first)
	b.resize(600, 400)
	narrow := b.size(wide)
	require.Greater(t, wide.Rows, narrow.Rows)
	require.Greater(t, wide.Cols, narrow.Cols)

	b.closeTab(target)
	a.gone()
}

// size has the shell tell how large its terminal is, again until that is another than before: the page learns of the size
// of its window when it is drawn.
func (b *browser) size(before size) (s size) {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); time.Now().Before(limit); {
		b.marks++
		mark := strconv.Itoa(b.marks)
		b.types("echo m" + mark + "$((6*7)) $(stty size) e$((6*7))\r") // What is typed looks otherwise than what it shows.
		b.until(screen, "m"+mark+"42")
		b.until(screen, "e42\nready> ")
		_, rest, _ := strings.Cut(b.text(screen), "m"+mark+"42 ")
		_, err := fmt.Sscan(rest, &s.Rows, &s.Cols)
		require.NoError(b.t, err, rest)
		if s != before {
			return s
		}
	}
	require.Fail(b.t, "the size stays", "%v", before)
	return s
}

func TestTheEndIsShownInTheBrowser(t *testing.T) {
	chromium(t)
	s := serve(t, "/bin/sh", "-c", "echo ready; read x; exit 3")
	b := startBrowser(t, s.children.loop)
	b.open(s.url())
	b.until(screen, "ready")
	b.types("\r")
	b.until("#end", "exit status 3")

	b.open("http://" + s.hosts[0] + "/?token=wrong")
	b.until("body", "no token, or a wrong one")
}

// The browser draws as fast as it can, and the program waits for it.
func TestMuchOutputInTheBrowser(t *testing.T) {
	chromium(t)
	s := serve(t, "/bin/sh", "-c", "echo ready; read x; i=0; while test $i -lt 50000; do echo line $i; i=$((i+1)); done; echo the end")
	b := startBrowser(t, s.children.loop)
	b.open(s.url())
	b.until(screen, "ready")
	b.types("\r")
	b.until("#end", "exit status 0")
	b.until(screen, "line 49999\nthe end\n")
}
