// Package browser shows the pages of the examples in a headless Chromium, for their tests.
package browser

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

// A Browser is a headless Chromium, a child on the loop of the server that it visits. It takes
// commands of the DevTools protocol on descriptor 3 and answers on 4, where each message ends with
// a zero byte. It is used on the test's goroutine.
type Browser struct {
	t          *testing.T
	in         io.Writer
	out        *bufio.Reader
	last       int      // id of a command
	tab        string   // the session with the page, "" with the browser
	complaints []string // of the consoles of pages
}

// Need returns the path of a Chromium, and skips the test where there is none. BROOD_TEST_CHROMIUM
// says where it is if PATH does not.
func Need(t *testing.T) string {
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

// Start starts a browser on a loop that runs, whose end is that of the test.
func Start(t *testing.T, loop *reactor.Loop) *Browser {
	t.Helper()
	path, home := Need(t), t.TempDir()
	args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-crash-reporter",
		"--no-first-run", "--user-data-dir=" + home, "--remote-debugging-pipe", "about:blank"}
	o := &childprocess.Options{
		Env:        append(os.Environ(), "HOME="+home), // There may be none.
		Stdio:      []childprocess.Stdio{childprocess.Ignore, childprocess.Ignore, childprocess.Ignore, childprocess.Pipe, childprocess.Pipe},
		Detached:   true,
		CloseGrace: time.Second,
	}
	b := &Browser{t: t}
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

// Call sends a command and returns its result. Events that come meanwhile are dropped, but for the
// complaints of a console.
func (b *Browser) Call(method string, params map[string]any) json.RawMessage {
	b.t.Helper()
	b.last++
	command := map[string]any{"id": b.last, "method": method, "params": params}
	if b.tab != "" {
		command["sessionId"] = b.tab
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

// Complaints returns the messages, exceptions and failed requests that the consoles of pages have
// had since each was opened.
func (b *Browser) Complaints() []string { return b.complaints }

// Open shows an address in a new tab, the one that is spoken to from now on, and returns the tab's
// name.
func (b *Browser) Open(address string) (target string) {
	b.t.Helper()
	b.tab = ""
	var made struct{ TargetID, SessionID string }
	require.NoError(b.t, json.Unmarshal(b.Call("Target.createTarget", map[string]any{"url": "about:blank"}), &made))
	attached := b.Call("Target.attachToTarget", map[string]any{"targetId": made.TargetID, "flatten": true})
	require.NoError(b.t, json.Unmarshal(attached, &made))
	b.tab = made.SessionID
	for _, domain := range []string{"Runtime", "Log", "Page", "Network"} {
		b.Call(domain+".enable", map[string]any{})
	}
	b.Call("Page.navigate", map[string]any{"url": address})
	return made.TargetID
}

// CloseTab closes a tab, as a person does.
func (b *Browser) CloseTab(target string) {
	b.t.Helper()
	b.tab = ""
	b.Call("Target.closeTarget", map[string]any{"targetId": target})
}

// Value stores the value of a script in *v, which v points to.
func (b *Browser) Value(script string, v any) {
	b.t.Helper()
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	answer := b.Call("Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true})
	require.NoError(b.t, json.Unmarshal(answer, &got))
	require.Empty(b.t, string(got.ExceptionDetails), script)
	require.NoError(b.t, json.Unmarshal(got.Result.Value, v), script)
}

// Text returns the visible text of the element, "" where there is none. A no-break space is a
// blank.
func (b *Browser) Text(selector string) (text string) {
	b.t.Helper()
	b.Value(fmt.Sprintf(`document.querySelector(%q)?.innerText ?? ""`, selector), &text)
	return strings.ReplaceAll(text, "\u00a0", " ")
}

// Until asks until the element is seen to contain something that is wanted, and returns that.
func (b *Browser) Until(selector string, wanted func(text string) bool) string {
	b.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; {
		got := b.Text(selector)
		if wanted(got) {
			return got
		}
		require.True(b.t, time.Now().Before(limit), "%s shows %q", selector, got)
	}
}

// UntilShows asks until the element is seen to contain the text.
func (b *Browser) UntilShows(selector, text string) {
	b.t.Helper()
	b.Until(selector, func(got string) bool { return strings.Contains(got, text) })
}
