package childprocess_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

//brood:checks S037
func TestStreamOptionsAreThoseOfTheChildsStreams(t *testing.T) {
	for end, want := range map[streams.LineEnd][]string{
		streams.Newline:        {"1%\r2%", "a\x00b\x00\r"},
		streams.CarriageReturn: {"1%", "2%", "a\x00b\x00"},
		streams.NUL:            {"1%\r2%\r\na", "b", "\r"},
	} {
		t.Run(end.String(), func(t *testing.T) {
			l := newLoop(t)
			// It waits for descriptor 3, so its stdin is full before it ends.
			const script = `read _ <&3; p() { printf '1%%\r2%%\r\na\0b\0\r'; }; p; p >&3; printf '\n\r\0far too long' >&2`
			c := spawn(t, l, "/bin/sh", []string{"-c", script}, &childprocess.Options{
				LineEnd: end, MaxLine: 8, HighWaterMark: 3, Stdio: []childprocess.Stdio{3: childprocess.Pipe},
			})
			lines := map[*streams.Readable][]string{}
			for _, s := range c.Stdio {
				if r := s.Readable; r != nil {
					r.OnLine(func(line []byte) { lines[r] = append(lines[r], string(line)) })
				}
			}
			failure := error(nil)
			c.Stderr.OnError(func(err error) { failure = err })
			for i := 0; !c.Stdin.NeedDrain(); i++ {
				require.Less(t, i, 1<<20)
				_, err := c.Stdin.WriteString("x")
				require.NoError(t, err)
			}
			require.Equal(t, 3, c.Stdin.Buffered())
			_, err := c.Stdio[3].Writable.WriteString("\n")
			require.NoError(t, err)
			run(t, l)
			require.Equal(t, want, lines[c.Stdout])
			require.Equal(t, want, lines[c.Stdio[3].Readable])
			require.ErrorIs(t, failure, streams.ErrLineTooLong)
		})
	}
}

func TestStreamOptionsThatAreNone(t *testing.T) {
	l := newLoop(t)
	for name, o := range map[string]*childprocess.Options{"LineEnd": {LineEnd: 77}, "HighWaterMark": {HighWaterMark: -1}} {
		c, err := childprocess.Spawn(l, "true", nil, o)
		require.Nil(t, c)
		wrong, ok := err.(*childprocess.ArgumentError)
		require.True(t, ok, "%v", err)
		require.Equal(t, name, wrong.Name)
	}
}

// The three ways to read lines agree about their ends.
//
//brood:checks S037
func TestLinesAreTheSameInEveryForm(t *testing.T) {
	const script = `printf 'one\r\n\r\rtwo\n\nlast\r'`
	want := []string{"one", "\r\rtwo", "", "last\r"}

	l := newLoop(t)
	c := spawn(t, l, "/bin/sh", []string{"-c", script}, nil)
	var onLine []string
	c.Stdout.OnLine(func(line []byte) { onLine = append(onLine, string(line)) })
	run(t, l)
	require.Equal(t, want, onLine)

	c = spawn(t, l, "/bin/sh", []string{"-c", script}, nil)
	ranged := make(chan []string)
	lines := c.Lines()
	go func() {
		ranged <- collectLines(lines).lines
	}()
	run(t, l)
	require.Equal(t, want, <-ranged)

	got, err := linesOf(t.Context(), script)
	require.NoError(t, err)
	require.Equal(t, want, got)
}
