package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
)

// A browser is a headless Chromium with one page, a child on a loop. It is told what to do in the DevTools protocol on its
// descriptors 3 and 4, where each message ends with a zero byte.
type browser struct {
	t          *testing.T
	in         io.Writer
	out        *bufio.Reader
	last       int      // id of a command
	session    string   // with the page; "" before there is one
	complaints []string // of its console
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

// startBrowser starts one, whose end is that of the test, and shows the address.
func startBrowser(t *testing.T, loop *reactor.Loop, address string) *browser {
	t.Helper()
	home := t.TempDir()
	b := &browser{t: t}
	closed := make(chan struct{})
	var c *childprocess.ChildProcess
	var err error
	require.NoError(t, loop.Do(t.Context(), func() {
		c, err = childprocess.Spawn(loop, chromium(t), []string{
			"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-crash-reporter", "--no-first-run",
			"--user-data-dir=" + home, "--remote-debugging-pipe", "about:blank",
		}, &childprocess.Options{
			Env:        append(os.Environ(), "HOME="+home), // There may be none.
			Stdio:      []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
			Detached:   true,
			CloseGrace: time.Second,
		})
		if err == nil {
			c.OnClose(func(childprocess.ExitStatus) { close(closed) })
			b.in, b.out = c.Stdio[3].Writable.Writer(), bufio.NewReader(c.Stdio[4].Readable.Reader())
		}
	}))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, loop.Post(func() { c.Terminate(10 * time.Second) }))
		<-closed
	})
	var made struct{ TargetID, SessionID string }
	require.NoError(t, json.Unmarshal(b.call("Target.createTarget", map[string]any{"url": "about:blank"}), &made))
	attached := b.call("Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true})
	require.NoError(t, json.Unmarshal(attached, &made))
	b.session = made.SessionID
	for _, domain := range []string{"Runtime", "Log", "Page", "Network"} {
		b.call(domain+".enable", map[string]any{})
	}
	b.call("Page.navigate", map[string]any{"url": address})
	return b
}

// call sends a command and returns its result.
func (b *browser) call(method string, params map[string]any) json.RawMessage {
	b.t.Helper()
	b.last++
	command := map[string]any{"id": b.last, "method": method, "params": params}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		line, err := b.out.ReadBytes(0)
		require.NoError(b.t, err, method)
		var m struct {
			ID            int
			Method        string
			Result, Error json.RawMessage
		}
		line = bytes.TrimSuffix(line, []byte{0})
		require.NoError(b.t, json.Unmarshal(line, &m))
		switch {
		case m.Method == "Runtime.consoleAPICalled", m.Method == "Runtime.exceptionThrown", m.Method == "Log.entryAdded":
			b.complaints = append(b.complaints, string(line))
		case m.Method == "" && m.ID == b.last:
			require.Empty(b.t, string(m.Error), "%s", text)
			return m.Result
		}
	}
}

// value returns what a script is.
func (b *browser) value(script string, v any) {
	b.t.Helper()
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	answer := b.call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true})
	require.NoError(b.t, json.Unmarshal(answer, &got))
	require.Empty(b.t, string(got.ExceptionDetails), script)
	require.NoError(b.t, json.Unmarshal(got.Result.Value, v), script)
}

// text returns what the element is seen to contain.
func (b *browser) text(selector string) (text string) {
	b.t.Helper()
	b.value(fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector), &text)
	return text
}

// until asks until the element is seen to contain something that is wanted.
func (b *browser) until(selector string, wanted func(text string) bool) string {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; {
		got := b.text(selector)
		if wanted(got) {
			return got
		}
		require.True(b.t, time.Now().Before(limit), "%s shows %q", selector, got)
	}
}

func (b *browser) untilShows(selector, text string) {
	b.t.Helper()
	b.until(selector, func(got string) bool { return strings.Contains(got, text) })
}

// click presses the middle of an element, as a person does.
func (b *browser) click(selector string) {
	b.t.Helper()
	var at struct{ X, Y float64 }
	b.value(fmt.Sprintf(`(() => {
		const element = document.querySelector(%q);
		element.scrollIntoView({ block: 'center' });
		const box = element.getBoundingClientRect();
		return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
	})()`, selector), &at)
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1})
	}
}

// look makes the window so wide, and the colours dark or light.
func (b *browser) look(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700})
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}})
}

// picture writes what is seen to a file in the directory that BROOD_DASHBOARD_PICTURES names, if it does.
func (b *browser) picture(name string) {
	b.t.Helper()
	dir := os.Getenv("BROOD_DASHBOARD_PICTURES")
	if dir == "" {
		return
	}
	var got struct{ Data []byte }
	answer := b.call("Page.captureScreenshot", map[string]any{"format": "png", "captureBeyondViewport": true})
	require.NoError(b.t, json.Unmarshal(answer, &got))
	require.NoError(b.t, os.WriteFile(dir+"/"+name+".png", got.Data, 0o666))
}

// untilScript waits until a script is true.
func (b *browser) untilScript(script string) {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; {
		got := false
		b.value(script, &got)
		if got {
			return
		}
		require.True(b.t, time.Now().Before(limit), "never: %s", script)
	}
}

// untilRows waits until the rows of a table are so many.
func (b *browser) untilRows(table string, n int) {
	b.t.Helper()
	b.untilScript(fmt.Sprintf(`document.querySelectorAll("%s tbody tr").length === %d`, table, n))
}
