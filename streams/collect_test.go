package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// collected records the result of a Collect. It fails if there are two.
type collected struct {
	calls int
	data  []byte
	err   error
}

func collect(t testing.TB, r *streams.Readable, limit int) *collected {
	c := new(collected)
	r.Collect(limit, func(data []byte, err error) {
		c.calls++
		require.Equal(t, 1, c.calls, "Collect's callback was called again")
		c.data, c.err = data, err
	})
	return c
}

func (c *collected) wants(t testing.TB, data string, err error) {
	t.Helper()
	require.Equal(t, 1, c.calls)
	require.Equal(t, data, string(c.data))
	require.ErrorIs(t, c.err, err)
}

func TestCollectGivesEverythingAtTheEnd(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	c := collect(t, r, -1)
	w.WriteString("one ")
	poll(t, l)
	require.Zero(t, c.calls)
	w.WriteString("two")
	w.Close()
	run(t, l)
	c.wants(t, "one two", nil)
}

func TestCollectNothing(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	c := collect(t, r, 0)
	w.Close()
	run(t, l)
	c.wants(t, "", nil)
}

func TestCollectLimit(t *testing.T) {
	for name, c := range map[string]struct {
		limit int
		want  string
		err   error
	}{
		"exactly":          {10, "0123456789", nil},
		"one too much":     {9, "012345678", streams.ErrTooMuch},
		"in a later chunk": {6, "012345", streams.ErrTooMuch},
		"zero":             {0, "", streams.ErrTooMuch},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			var j journal
			j.readableEvents(r)
			got := collect(t, r, c.limit)
			for _, s := range []string{"012", "345", "6789"} {
				if r.Closed() {
					break
				}
				w.WriteString(s)
				poll(t, l)
			}
			w.Close()
			run(t, l)
			got.wants(t, c.want, c.err)
			if c.err != nil {
				j.Wants(t, "close")
			} else {
				j.Wants(t, "end close")
			}
		})
	}
}

// The child gets SIGPIPE.
func TestCollectLimitEndsAnEndlessChild(t *testing.T) {
	l := newLoop(t)
	r, stdout := pipe(t)
	yes := start(t, nil, stdout, "yes")
	s := newReadable(t, l, r, nil)
	c := collect(t, s, 1<<20)
	run(t, l)
	require.Len(t, c.data, 1<<20)
	require.ErrorIs(t, c.err, streams.ErrTooMuch)
	require.Equal(t, "signal: broken pipe", yes.wait())
}

func TestCollectCutOff(t *testing.T) {
	for name, c := range map[string]struct{ give, want error }{
		"with an error": {errTest, errTest},
		"without":       {nil, streams.ErrClosed},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			got := collect(t, r, -1)
			w.WriteString("part")
			poll(t, l)
			r.Destroy(c.give)
			require.Zero(t, got.calls, "inside the call")
			run(t, l)
			got.wants(t, "part", c.want)
			w.Close()
		})
	}
}

func TestCollectOfAClosedStream(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.Destroy(nil)
	run(t, l)
	c := collect(t, r, -1)
	require.Zero(t, c.calls, "inside the call")
	run(t, l)
	c.wants(t, "", streams.ErrClosed)
	w.Close()
}

func TestCollectWaitsForResume(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.Pause()
	c := collect(t, r, -1)
	w.WriteString("x")
	w.Close()
	run(t, l)
	require.Zero(t, c.calls)
	r.Resume()
	run(t, l)
	c.wants(t, "x", nil)
}

func TestCollectorsDoNotDisturbEachOther(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	a, b := collect(t, r, -1), collect(t, r, 100)
	lines := collectLines(r)
	w.WriteString("a\nb\n")
	w.Close()
	run(t, l)
	a.wants(t, "a\nb\n", nil)
	b.wants(t, "a\nb\n", nil)
	require.Equal(t, []string{"a", "b"}, *lines)
	a.data[0] = 'x'
	require.Equal(t, "a\nb\n", string(b.data), "the data is the callee's own")
}
