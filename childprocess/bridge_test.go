package childprocess_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

// copied is what one goroutine of a bridge test reports.
type copied struct {
	n   int64
	sum []byte
	err error
}

//brood:checks S030
func TestBridgesCarryMegabytesThroughCat(t *testing.T) {
	const total = 16 << 20
	l := newLoop(t)
	c := start(t, l, "cat")
	ev := events(c)
	in, out := c.Stdin.Writer(), c.Stdout.Reader()
	sent, got := make(chan copied, 1), make(chan copied, 1)
	go func() { // Ends with its copy; the test waits for its report.
		h := sha256.New()
		n, err := io.Copy(in, io.TeeReader(random(1, total), h))
		if closeErr := in.Close(); err == nil {
			err = closeErr
		}
		sent <- copied{n, h.Sum(nil), err}
	}()
	go func() { // As above.
		h := sha256.New()
		n, err := io.Copy(h, out)
		got <- copied{n, h.Sum(nil), err}
	}()
	run(t, l)
	s, g := <-sent, <-got
	require.NoError(t, s.err)
	require.NoError(t, g.err)
	require.EqualValues(t, total, g.n)
	require.Equal(t, s, g)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

// A goroutine can still read the data that the bridge has when the child has closed.
//
//brood:checks S029
func TestABridgeIsReadAfterClose(t *testing.T) {
	const total = 50_000 // Less than the bridge holds.
	l := newLoop(t)
	c := start(t, l, "pour", "8", strconv.Itoa(total), "5000")
	out := c.Stdout.Reader()
	run(t, l)
	_, err := c.Wait(context.Background())
	require.NoError(t, err)
	got, err := io.ReadAll(out)
	require.NoError(t, err)
	require.True(t, bytes.Equal(tune(8, 1, 0, total), got))
}

//brood:checks S033
func TestAGoroutineThatClosesItsReaderEndsAnEndlessChild(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "yes", nil, nil)
	ev := events(c)
	out := c.Stdout.Reader()
	done := make(chan error, 1)
	go func() { // Ends by itself; the test waits for its report.
		_, err := io.ReadFull(out, make([]byte, 300_000))
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
		done <- err
	}()
	run(t, l)
	require.NoError(t, <-done)
	require.Equal(t, []string{"spawn", "exit SIGPIPE", "close SIGPIPE"}, ev.process())
}

//brood:checks S032
func TestAWriteToAChildThatHasExitedIsAnError(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "exit", "0")
	ev := events(c)
	in := c.Stdin.Writer()
	done := make(chan error, 2)
	go func() { // Ends when the child has; the test waits for its reports.
		_, err := io.Copy(in, random(2, 1<<40))
		done <- err
		done <- in.Close()
	}()
	run(t, l)
	require.Error(t, <-done)
	require.Error(t, <-done)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}

// A goroutine writes to a child, reads from it and waits for it, while the loop runs on another
// one.
//
//brood:checks S041
func TestAGoroutineTalksToAChildAndWaits(t *testing.T) {
	l := newLoop(t)
	c := start(t, l, "upcase")
	in, out := c.Stdin.Writer(), c.Stdout.Reader()
	type talk struct {
		answers []string
		status  childprocess.ExitStatus
		err     error
	}
	done := make(chan talk, 1)
	go func() { // Ends with the child; the test waits for its report.
		var say talk
		defer func() { done <- say }()
		buf := make([]byte, 100)
		for _, q := range []string{"one", "two", "three"} {
			if _, say.err = io.WriteString(in, q); say.err != nil {
				return
			}
			var n int
			if n, say.err = io.ReadAtLeast(out, buf, len(q)); say.err != nil {
				return
			}
			say.answers = append(say.answers, string(buf[:n]))
		}
		if say.err = in.Close(); say.err == nil {
			say.status, say.err = c.Wait(context.Background())
		}
	}()
	run(t, l)
	say := <-done
	require.NoError(t, say.err)
	require.Equal(t, []string{"ONE", "TWO", "THREE"}, say.answers)
	require.True(t, say.status.Success())
	_, err := out.Read(make([]byte, 1))
	require.Equal(t, io.EOF, err)
	require.NoError(t, out.Close())
	_, err = in.Write([]byte("late"))
	require.Error(t, err)
	require.NotErrorIs(t, err, streams.ErrClosed, "it had ended well")
}
