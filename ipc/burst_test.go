package ipc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

// arrivals counts the reads of a peer that found bytes, and the bytes.
type arrivals struct {
	p    *peer
	buf  [64 << 10]byte
	text strings.Builder
	n    int
}

func (a *arrivals) look() {
	n, err := unix.Read(a.p.fd, a.buf[:])
	if err == unix.EAGAIN {
		return
	}
	require.NoError(a.p.t, err)
	a.n++
	a.text.Write(a.buf[:n])
}

// Each function checks whether the message of the function before was written with a call of its
// own.
func TestMessagesOfPostedFunctionsAreWrittenTogether(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	a := arrivals{p: p}
	const posts = 5000 // more than a turn runs
	var want strings.Builder
	for i := range posts {
		require.NoError(t, l.Post(func() {
			a.look()
			require.NoError(t, c.Send(i))
		}))
		fmt.Fprintln(&want, i)
	}
	turns := 0
	for a.text.Len() < want.Len() {
		poll(t, l)
		turns++
		a.look()
	}
	require.Equal(t, want.String(), a.text.String())
	require.LessOrEqual(t, a.n, ipc.EagerWrites+2*turns+want.Len()/ipc.GatherSize)
	require.Less(t, turns, 5)
	p.close()
	run(t, l)
}

// The last messages of a burst do not wait for a turn that another event causes. Afterwards a
// sender of few messages has each written at once again.
func TestABurstEndsWithATurnThatHasNone(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	a := arrivals{p: p}
	send := func() { require.NoError(t, c.Send(0)) }
	for range ipc.EagerWrites + 1 {
		require.NoError(t, l.Post(send))
	}
	poll(t, l)
	a.look()
	require.Equal(t, 2*(ipc.EagerWrites+1), a.text.Len(), "all of it is written in the same turn")
	require.NoError(t, l.Post(func() {
		send()
		a.look()
		require.Equal(t, 2*(ipc.EagerWrites+1), a.text.Len(), "the burst goes on")
	}))
	poll(t, l)
	a.look()
	require.Equal(t, 2*(ipc.EagerWrites+2), a.text.Len())
	for l.Stats().Refs > 1 { // One is the channel's own.
		poll(t, l)
	}
	require.NoError(t, l.Post(func() {
		send()
		a.look()
		require.Equal(t, 2*(ipc.EagerWrites+3), a.text.Len(), "the burst is over")
	}))
	poll(t, l)
	p.close()
	run(t, l)
}

func TestMessagesGatheredForTheEndOfTheTurnAreFlushedInOrder(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	a := arrivals{p: p}
	done := 0
	for i := range ipc.EagerWrites + 3 {
		require.NoError(t, l.Post(func() {
			require.NoError(t, c.SendWith(i, &ipc.SendOptions{Done: func(err error) { require.NoError(t, err); done++ }}))
			a.look()
		}))
	}
	require.NoError(t, l.Post(func() {
		before := a.text.Len()
		c.Flush()
		a.look()
		require.Greater(t, a.text.Len(), before)
		require.NoError(t, c.Send("last"))
		c.Disconnect()
	}))
	run(t, l)
	a.look()
	require.True(t, strings.HasSuffix(a.text.String(), fmt.Sprintf("%d\n\"last\"\n", ipc.EagerWrites+2)), a.text.String())
	require.Equal(t, ipc.EagerWrites+3, done)
	p.close()
}
