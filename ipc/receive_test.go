package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func TestLinesAreSplitHoweverTheyCome(t *testing.T) {
	for name, c := range map[string]struct {
		chunks []string
		want   []string
	}{
		"one":                 {[]string{"1\n"}, []string{"1"}},
		"several":             {[]string{"1\n2\n3\n"}, []string{"1", "2", "3"}},
		"byte by byte":        {strings.Split("\"ab\"\n[1]\n", ""), []string{`"ab"`, "[1]"}},
		"cut in a character":  {[]string{"\"\xf0\x9f", "\x98\x80\"\n"}, []string{`"😀"`}},
		"newline alone":       {[]string{"1", "\n", "2", "\n"}, []string{"1", "2"}},
		"end and beginning":   {[]string{"[1,", "2]\n[3,", "4]\n5\n"}, []string{"[1,2]", "[3,4]", "5"}},
		"whitespace":          {[]string{" 1\t\r\n\r2 \n"}, []string{" 1\t\r", "\r2 "}},
		"partial at the end":  {[]string{"1\n{\"a\":"}, []string{"1"}},
		"invalid UTF-8":       {[]string{"\"\xff\"\n"}, []string{"\"\xff\""}},
		"longer than a read":  {[]string{`"` + strings.Repeat("x", 100_000), strings.Repeat("y", 50_000) + "\"\n1\n"}, []string{`"` + strings.Repeat("x", 100_000) + strings.Repeat("y", 50_000) + `"`, "1"}},
		"exactly the buffer":  {[]string{`"` + strings.Repeat("x", ipc.ReadBufferSize-3) + "\"\n"}, []string{`"` + strings.Repeat("x", ipc.ReadBufferSize-3) + `"`}},
		"buffer and one byte": {[]string{`"` + strings.Repeat("x", ipc.ReadBufferSize-2) + "\"\n"}, []string{`"` + strings.Repeat("x", ipc.ReadBufferSize-2) + `"`}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c1, p := newChannel(t, l, nil)
			var j journal
			j.watch(c1)
			for _, chunk := range c.chunks {
				p.send(chunk)
				poll(t, l)
			}
			p.close()
			run(t, l)
			require.Equal(t, append(c.want, "disconnect"), j.Entries)
		})
	}
}

//brood:checks S070 N147
func TestInternalMessagesNeverReachUsers(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	ordinary := []string{`{"cmd":"NODE_"}`, `"NODE_HANDLE"`, `{"cmd":5}`, `{"cmd":"fooNODE_x"}`, `{"cmd":"node_x"}`, `["NODE_x"]`,
		`{"a":{"cmd":"NODE_x"}}`, `{"cmd":null,"x":"NODE_x"}`}
	for _, s := range ordinary {
		p.send(`{"cmd":"NODE_bar"}` + "\n" + s + "\n" + `{"x":1, "cmd" : "\u004eODE_\u0078"}` + "\n")
	}
	p.close()
	run(t, l)
	require.Equal(t, append(ordinary, "disconnect"), j.Entries)
}

func TestAGarbageLineIsAnErrorAndTheOthersArrive(t *testing.T) {
	for _, bad := range []string{"{]", "", "nul", "1 2", "\x00", `{"a":1`, "'x'", strings.Repeat("[", 1_000_000)} {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		var j journal
		var got error
		c.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) })
		c.OnError(func(err error) { j.Add("error"); got = err })
		p.send("1\n")
		for rest := bad + "\n"; rest != ""; {
			n := min(len(rest), 60_000)
			p.send(rest[:n])
			rest = rest[n:]
			poll(t, l)
		}
		p.send("2\n")
		p.close()
		run(t, l)
		require.Equal(t, []string{"1", "error", "2"}, j.Entries, "%.20q", bad)
		var message *ipc.MessageError
		require.ErrorAs(t, got, &message)
		require.Equal(t, bad[:min(len(bad), 64)], string(message.Data))
		require.Error(t, message.Err)
	}
}

func TestALineOverMaxMessageIsSkippedAndReportedOnce(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{MaxMessage: 10})
	var j journal
	j.watch(c)
	p.send("1234567890\n12345678901\n1\n")
	poll(t, l)
	for range 1000 {
		p.send(strings.Repeat("9", 100))
		poll(t, l)
	}
	p.send("\n2\n12345678")
	poll(t, l)
	p.send("9012\n3\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1234567890", "error: ipc: message too long", "1", "error: ipc: message too long", "2",
		"error: ipc: message too long", "3", "disconnect"}, j.Entries)
}

//brood:checks N148
func TestAHandlerThatPanicsLosesNoOtherMessage(t *testing.T) {
	const n = 10
	t.Run("out of Run", func(t *testing.T) {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		p.send(strings.Repeat("1\n", n))
		p.close()
		got := 0
		c.OnMessage(func(*ipc.Message) { got++; panic("handler") })
		for i := range n {
			require.PanicsWithValue(t, "handler", func() { _ = l.Run() })
			require.Equal(t, i+1, got)
		}
		run(t, l)
		require.Equal(t, n, got)
	})
	t.Run("OnPanic", func(t *testing.T) {
		panics := 0
		l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
		c, p := newChannel(t, l, nil)
		p.send(strings.Repeat("1\n", n))
		p.close()
		c.OnMessage(func(*ipc.Message) { panic("handler") })
		run(t, l)
		require.Equal(t, n, panics)
	})
	t.Run("while they wait for the first listener", func(t *testing.T) {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		p.send(strings.Repeat("1\n", n))
		poll(t, l)
		got := 0
		c.OnMessage(func(*ipc.Message) { got++; panic("handler") })
		for range n {
			require.Panics(t, func() { _, _ = l.Poll(0) })
		}
		require.Equal(t, n, got)
		p.close()
		run(t, l)
	})
}

// A panic puts the first channel's messages off. Other channels read meanwhile.
func TestMessagesPutOffByAPanicKeepTheirBytes(t *testing.T) {
	l := newLoop(t)
	a, p := newChannel(t, l, nil)
	b, q := newChannel(t, l, nil)
	var j journal
	first := true
	a.OnMessage(func(m *ipc.Message) {
		j.Add(string(m.Raw()))
		if first {
			first = false
			panic("handler")
		}
	})
	b.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) })
	p.send("\"aa\"\n\"bb\"\n\"cc\"\n")
	q.send("\"xx\"\n\"yy\"\n\"zz\"\n")
	require.Panics(t, func() { _ = l.Run() })
	p.close()
	q.close()
	run(t, l)
	require.ElementsMatch(t, []string{`"aa"`, `"bb"`, `"cc"`, `"xx"`, `"yy"`, `"zz"`}, j.Entries)
}

func TestTicksOfAHandlerRunAfterTheMessagesOfTheSameRead(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnMessage(func(m *ipc.Message) {
		j.Add(string(m.Raw()))
		l.NextTick(j.Note("tick"))
	})
	p.send("1\n2\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2", "tick", "tick"}, j.Entries)
}

func TestAMessageExpiresWithItsCallback(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var kept *ipc.Message
	var raw []byte
	c.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		require.Equal(t, map[string]any{"a": 1.0}, v)
		kept, raw = m, m.Raw()
		require.Equal(t, `{"a":1}`, string(raw))
	})
	p.send(`{"a":1}` + "\n")
	p.close()
	run(t, l)
	require.NotNil(t, kept)
	require.Nil(t, kept.Raw())
	require.ErrorIs(t, kept.Decode(new(any)), ipc.ErrMessageExpired)
	_, err := kept.Value()
	require.ErrorIs(t, err, ipc.ErrMessageExpired)
	require.Nil(t, kept.Handle())
	require.Equal(t, make([]byte, len(raw)), raw, "the test's loop clears what was borrowed")
}
