package ipc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/events"
	"github.com/brood-go/brood/ipc"
)

//brood:checks S073
func TestManyWaitersForOneFilteredMessage(t *testing.T) {
	const waiters = 20
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	served := map[int]int{}
	for i := range waiters {
		var wait *events.Listener
		wait = c.OnMessage(func(m *ipc.Message) {
			var n int
			require.NoError(t, m.Decode(&n))
			if n == i%10 {
				served[i]++
				wait.Off()
			}
		})
	}
	for n := range 9 {
		p.send(fmt.Sprintln(n) + fmt.Sprintln(n))
		poll(t, l)
	}
	require.Len(t, served, waiters-2)
	for i, times := range served {
		require.Equal(t, 1, times, i)
	}
	ended := false
	c.OnDisconnect(func() { ended = true }) // The waiting calls end with this event.
	p.close()
	run(t, l)
	require.True(t, ended)
}

// The peer of a request goes without an answer: the send was done or failed, and OnDisconnect
// comes.
//
//brood:checks S073
func TestARequestToAPeerThatGoesDoesNotHang(t *testing.T) {
	for _, reads := range []bool{true, false} {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		var j journal
		c.OnMessage(func(*ipc.Message) { j.Add("answer") })
		c.OnDisconnect(j.Note("disconnect"))
		require.NoError(t, c.SendWith("request", &ipc.SendOptions{Done: func(error) { j.Add("done") }}))
		if reads {
			p.read()
		}
		p.close()
		run(t, l)
		require.Equal(t, []string{"done", "disconnect"}, j.Entries)
	}
}
