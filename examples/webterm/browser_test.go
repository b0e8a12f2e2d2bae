package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/browser"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A terminal is a browser that shows one.
type terminal struct {
	*browser.Browser
	t     *testing.T
	marks int // of size
}

func startBrowser(t *testing.T, loop *reactor.Loop) *terminal {
	t.Helper()
	return &terminal{Browser: browser.Start(t, loop), t: t}
}

// types presses keys, one after the other; "\r" is the Enter key.
func (b *terminal) types(keys string) {
	b.t.Helper()
	for _, key := range keys {
		press := map[string]any{"type": "keyDown", "text": string(key), "key": string(key)}
		if key == '\r' {
			press["key"], press["code"], press["windowsVirtualKeyCode"] = "Enter", "Enter", 13
		}
		b.Call("Input.dispatchKeyEvent", press)
		press["type"] = "keyUp"
		delete(press, "text")
		b.Call("Input.dispatchKeyEvent", press)
	}
}

// resize changes the size of the window, in pixels.
func (b *terminal) resize(width, height int) {
	b.t.Helper()
	b.Call("Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

// screen is where xterm.js draws the lines.
const screen = ".xterm-rows"

func TestATerminalInABrowser(t *testing.T) {
	browser.Need(t)
	a := openAlive(t)
	t.Setenv("PS1", "ready> ")
	t.Setenv("ENV", "")
	s := serve(t, "/bin/sh", "-c", a.script("exec /bin/sh -i"))
	b := startBrowser(t, s.children.loop)
	target := b.Open(s.url())
	b.UntilShows(screen, "ready> ")
	b.types("echo hello $((6*7))\r")
	b.UntilShows(screen, "\nhello 42\n")
	b.types("printf 'gr\\303\\274n %s\\n' €\r")
	b.UntilShows(screen, "\ngrün €\n")

	first := b.size(size{})
	b.resize(1200, 700)
	wide := b.size(first)
	b.resize(600, 400)
	narrow := b.size(wide)
	require.Greater(t, wide.Rows, narrow.Rows)
	require.Greater(t, wide.Cols, narrow.Cols)

	b.CloseTab(target)
	a.gone()
}

// size has the shell tell how large its terminal is, again until that is another than before: the
// page learns of the size of its window when it is drawn.
func (b *terminal) size(before size) (s size) {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); time.Now().Before(limit); {
		b.marks++
		mark := strconv.Itoa(b.marks)
		// What is typed looks otherwise than what it shows.
		b.types("echo m" + mark + "$((6*7)) $(stty size) e$((6*7))\r")
		b.UntilShows(screen, "m"+mark+"42")
		b.UntilShows(screen, "e42\nready> ")
		_, rest, _ := strings.Cut(b.Text(screen), "m"+mark+"42 ")
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
	browser.Need(t)
	s := serve(t, "/bin/sh", "-c", "echo ready; read x; exit 3")
	b := startBrowser(t, s.children.loop)
	b.Open(s.url())
	b.UntilShows(screen, "ready")
	b.types("\r")
	b.UntilShows("#end", "exit status 3")

	b.Open("http://" + s.Hosts[0] + "/?token=wrong")
	b.UntilShows("body", "no token, or a wrong one")
}

// The browser draws as fast as it can, and the program waits for it.
func TestMuchOutputInTheBrowser(t *testing.T) {
	browser.Need(t)
	s := serve(t, "/bin/sh", "-c", "echo ready; read x; i=0; while test $i -lt 50000; do echo line $i; i=$((i+1)); done; echo the end")
	b := startBrowser(t, s.children.loop)
	b.Open(s.url())
	b.UntilShows(screen, "ready")
	b.types("\r")
	b.UntilShows("#end", "exit status 0")
	b.UntilShows(screen, "line 49999\nthe end\n")
}
