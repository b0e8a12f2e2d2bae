package main

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/browser"
	"github.com/brood-go/brood/examples/internal/program"
)

// see has the page believe that it is seen, or not: the windows of a headless browser are all seen.
func (b *page) see(seen bool) {
	b.t.Helper()
	hidden := "true"
	if seen {
		hidden = "false"
	}
	var ok bool
	b.Value(`Object.defineProperty(document, 'hidden', { configurable: true, value: `+hidden+` }),
		document.dispatchEvent(new Event('visibilitychange'))`, &ok)
}

// A browser has six connections to a server for all of its pages, and each open stream takes one.
func TestPagesThatNobodySeesHoldNoStream(t *testing.T) {
	browser.Need(t)
	s := serve(t, 1, 100)
	b := openPage(t, s.board.loop, s.url())
	for range 6 {
		b.UntilShows("#health", "healthy")
		b.see(false)
		b.Open(s.url())
	}
	b.UntilShows("#health", "healthy")
	var last int
	b.Value(`samples.at(-1)?.seq ?? 0`, &last)
	b.see(false)
	s.until("no stream is open", func() bool { return len(s.streams) == 0 })
	s.until("much has happened meanwhile", func() bool { return s.board.seq > uint64(last)+3 })

	b.see(true)
	b.untilScript(`samples.at(-1).seq > ` + strconv.Itoa(last+3))
	b.UntilShows("#health", "healthy")
	var complete bool
	b.Value(`samples.every((s, i) => i === 0 || s.seq === samples[i - 1].seq + 1)`, &complete)
	require.True(t, complete)
	require.Empty(t, b.Complaints())
}

// Two people look at one pool, each in a browser of his own.
func TestWhatOnePageDoesTheOtherOneShows(t *testing.T) {
	browser.Need(t)
	s := serve(t, 2, 50)
	one, other := openPage(t, s.board.loop, s.url()), openPage(t, s.board.loop, strings.Replace(s.url(), "127.0.0.1", "localhost", 1))
	one.untilRows("#workers", 2)
	other.untilRows("#workers", 2)
	s.ready(2)
	one.click(`#workers button[aria-label="kill worker 2"]`)
	other.UntilShows("#exits tbody", "SIGKILL")
	other.click("#reload")
	one.UntilShows("#generation", "2")
	one.click("#fewer")
	other.untilRows("#workers", 1)
	other.UntilShows("#size", "1")
	require.Empty(t, one.Text("#told")+other.Text("#told"))
	require.Empty(t, append(one.Complaints(), other.Complaints()...))
}

// startProgram starts the real program and returns the address of its page.
func startProgram(t *testing.T, args ...string) (cmd *exec.Cmd, stdout *bufio.Reader, address string) {
	t.Helper()
	cmd = program.Command(t, args...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	program.Start(t, cmd)
	stdout = bufio.NewReader(out)
	line, err := stdout.ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "dashboard: open ")
	require.True(t, ok, line)
	return cmd, stdout, address
}

// The page finds the next run of the program by itself, and does not mix its numbers with those of
// the one before.
func TestThePageOutlivesTheProgram(t *testing.T) {
	browser.Need(t)
	cmd, _, address := startProgram(t, "-addr", "127.0.0.1:0", "-workers", "2", "-rate", "200")
	b := openPage(t, serve(t, 1, 0).board.loop, address)
	b.untilRows("#workers", 2)
	b.untilScript(`samples.length > 0`)
	b.click(`#workers button[aria-label="kill worker 1"]`)
	b.untilRows("#exits", 1)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // It was killed.
	b.UntilShows("#health", "reconnecting")
	b.click("#more")
	b.UntilShows("#told", "the program does not answer")

	at := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/")
	startProgram(t, "-addr", at, "-workers", "3", "-rate", "0")
	b.UntilShows("#health", "healthy")
	b.untilRows("#workers", 3)
	b.UntilShows("#size", "3")
	b.UntilShows("#done", "0")
	b.UntilShows("#no-exits", "None so far.")
	b.untilScript(`samples.length > 0 && samples.every((s, i) => s.seq === i + 1 && s.done === 0)`)
}

// Clicks that come before the page has been told what they did.
func TestFasterClicksThanThePageIsToldOf(t *testing.T) {
	browser.Need(t)
	s := serve(t, 2, 0)
	b := openPage(t, s.board.loop, s.url())
	b.untilRows("#workers", 2)
	var size string
	b.Value(`for (let i = 0; i < 3; i++) $('fewer').click(); $('size').textContent`, &size)
	require.Equal(t, "1", size)
	b.untilRows("#workers", 1)
	require.Empty(t, b.Text("#told"))
	b.Value(`for (let i = 0; i < 3; i++) $('more').click(); $('size').textContent`, &size)
	require.Equal(t, "4", size)
	b.untilRows("#workers", 4)
	require.Empty(t, b.Text("#told"))
	require.Empty(t, b.Complaints())
}

// Requests that are under way together may overtake each other.
func TestTheLastClickCountsThoughAnEarlierOneIsSlow(t *testing.T) {
	browser.Need(t)
	s := serve(t, 1, 0)
	b := openPage(t, s.board.loop, s.url())
	b.untilRows("#workers", 1)
	var begun int
	b.Value(`const send = window.fetch;
		window.asked = [];
		window.fetch = (path, o) => {
			const late = window.asked.length === 0 ? 100 : 0;
			window.asked.push(o.body.get('workers'));
			return new Promise(resolve => setTimeout(resolve, late)).then(() => send(path, o)).finally(() => window.asked.push('done'));
		};
		for (let i = 0; i < 3; i++) $('more').click();
		window.asked.length`, &begun)
	require.Equal(t, 1, begun, "one at a time")
	b.untilScript(`window.asked.join() === "2,done,4,done"`)
	b.untilRows("#workers", 4)
	require.Empty(t, b.Complaints())
}
