package ipc_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

//brood:checks N146
func TestDisconnectIsOneEventOnEachSideAndNeverInsideTheCall(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var j journal
	a.OnDisconnect(func() { require.False(t, a.Connected()); j.Add("a") })
	b.OnDisconnect(func() { require.False(t, b.Connected()); j.Add("b") })
	a.OnError(func(err error) { require.ErrorIs(t, err, ipc.ErrDisconnected); j.Add("error") })
	l.NextTick(func() {
		require.True(t, a.Connected())
		a.Disconnect()
		require.False(t, a.Connected())
		require.Empty(t, j.Entries)
		a.Disconnect()
		require.Empty(t, j.Entries)
	})
	run(t, l)
	require.Equal(t, []string{"error", "b", "a"}, j.Entries, "a reads to the end, which is b's end")
	b.Disconnect()
	run(t, l)
	require.Equal(t, []string{"error", "b", "a"}, j.Entries)
}

//brood:checks S067
func TestMessagesQueuedBeforeDisconnectArrive(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	big := `"` + strings.Repeat("x", 3<<20) + `"`
	var j, k journal
	for i := range 3 {
		require.NoError(t, a.SendWith(rawJSON(big), &ipc.SendOptions{Done: func(err error) {
			require.NoError(t, err)
			j.Add([]string{"first", "second", "third"}[i])
		}}))
	}
	a.OnDisconnect(j.Note("disconnect"))
	a.Disconnect()
	require.ErrorIs(t, a.Send(1), ipc.ErrChannelClosed)
	b.OnMessage(func(m *ipc.Message) {
		require.Equal(t, len(big), len(m.Raw()))
		k.Add("message")
	})
	b.OnDisconnect(k.Note("disconnect"))
	run(t, l)
	require.Equal(t, []string{"first", "second", "third", "disconnect"}, j.Entries)
	require.Equal(t, []string{"message", "message", "message", "disconnect"}, k.Entries)
}

// Both sides flush more than the socket holds: each has to read while it does.
func TestBothSidesDisconnectWithMuchQueued(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	big := strings.Repeat("x", 3<<20)
	got := map[*ipc.Channel]int{}
	for _, c := range []*ipc.Channel{a, b} {
		c.OnMessage(func(m *ipc.Message) { got[c]++ })
		require.NoError(t, c.Send(big))
		c.Disconnect()
	}
	run(t, l)
	require.Equal(t, map[*ipc.Channel]int{a: 1, b: 1}, got)
}

func TestDisconnectInAHandlerKeepsTheMessagesOfTheSameRead(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	c.OnceMessage(func(*ipc.Message) { c.Disconnect() })
	p.send("1\n2\n3\n")
	run(t, l)
	require.Equal(t, []string{"1", "2", "3", "disconnect"}, j.Entries)
	_, end := p.read()
	require.True(t, end)
}

// Node does not close then (spec H4).
func TestDisconnectInTheMiddleOfAFrameCloses(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send(`{"half":`)
	poll(t, l)
	c.Disconnect()
	run(t, l)
	_, end := p.read()
	require.True(t, end)
}

func TestHalfACloseOfThePeerIsTheEnd(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	p.send("1\n")
	require.NoError(t, unix.Shutdown(p.fd, unix.SHUT_WR))
	run(t, l)
	require.Equal(t, []string{"1", "disconnect"}, j.Entries)
	_, end := p.read()
	require.True(t, end)
}

// The peer closes before it has read everything. The system reports that as ECONNRESET.
func TestAPeerThatClosesWithUnreadBytesHasGone(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	require.NoError(t, c.Send("never read"))
	p.send("\"last words\"\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{`"last words"`, "disconnect"}, j.Entries)
}

func TestAPeerThatNeverReadsHoldsDisconnectUpUntilDestroy(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	j.watch(c)
	require.NoError(t, c.SendWith(strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: func(err error) {
		require.ErrorIs(t, err, ipc.ErrChannelClosed)
		j.Add("done")
	}}))
	c.Disconnect()
	poll(t, l)
	poll(t, l)
	require.Empty(t, j.Entries)
	p.send("\"meanwhile\"\n")
	poll(t, l)
	require.Equal(t, []string{`"meanwhile"`}, j.Entries)
	c.Destroy()
	require.Len(t, j.Entries, 1)
	run(t, l)
	require.Equal(t, []string{`"meanwhile"`, "done", "disconnect"}, j.Entries)
	c.Destroy()
	run(t, l)
}

func TestCloseOfTheLoopClosesChannelsWithoutEvents(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	c, p := newChannel(t, l, nil)
	c.OnDisconnect(func() { require.Fail(t, "event") })
	c.Unref()
	require.NoError(t, c.Send(1))
	run(t, l)
	require.NoError(t, c.Send(2))
	poll(t, l)
	require.NoError(t, l.Close())
	s, end := p.read()
	require.Equal(t, "1\n2\n", s)
	require.True(t, end)
	require.False(t, c.Connected())
	require.ErrorIs(t, c.Send(3), ipc.ErrChannelClosed)
	require.ErrorIs(t, c.SendWith(3, &ipc.SendOptions{Done: func(error) {}}), ipc.ErrChannelClosed)
	c.Disconnect()
	c.Destroy()
	c.Ref()
	c.OnMessage(func(*ipc.Message) {})
	_, err = ipc.Parent(l)
	require.ErrorIs(t, err, reactor.ErrClosed)
}

func TestDisconnectHooksRunBeforeOnDisconnect(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnDisconnect(j.Note("disconnect"))
	c.AddDisconnectHook(j.Note("end"))
	p.close()
	run(t, l)
	require.Equal(t, []string{"end", "disconnect"}, j.Entries)
}

// No tick runs any more.
func TestAChannelThatHasEndedOutlivesItsLoop(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	c, p := newChannel(t, l, nil)
	p.close()
	run(t, l)
	require.NoError(t, l.Close())
	never := func(...any) { require.Fail(t, "called") }
	require.ErrorIs(t, c.Send(1), ipc.ErrChannelClosed)
	require.ErrorIs(t, c.SendWith(1, &ipc.SendOptions{Done: func(error) { never() }}), ipc.ErrChannelClosed)
	c.Disconnect()
	c.Destroy()
	c.Ref()
	c.Unref()
	c.OnMessage(func(*ipc.Message) { never() }).Off()
	require.ErrorIs(t, c.Request(context.Background(), 1, func(*ipc.Message, error) { never() }), ipc.ErrChannelClosed)
}

// Queued messages may wait without end. The refusal of a later message does not wait behind them.
//
//brood:checks S067
func TestALateSendIsRefusedAtOnce(t *testing.T) {
	for name, fill := range map[string]func(c *ipc.Channel) *ipc.SendOptions{
		"behind a handle": func(*ipc.Channel) *ipc.SendOptions { return &ipc.SendOptions{Handle: socketFile(t)} },
		"behind a peer that does not read": func(c *ipc.Channel) *ipc.SendOptions {
			require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
			return &ipc.SendOptions{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			var j journal
			require.NoError(t, c.SendWith("first", fill(c)))
			require.NoError(t, c.SendWith("queued", &ipc.SendOptions{Done: func(err error) {
				require.ErrorIs(t, err, ipc.ErrChannelClosed)
				j.Add("queued")
			}}))
			c.Disconnect()
			require.NoError(t, c.SendWith("late", &ipc.SendOptions{Done: func(err error) {
				require.ErrorIs(t, err, ipc.ErrChannelClosed)
				j.Add("late")
			}}))
			require.Empty(t, j.Entries)
			poll(t, l)
			require.Equal(t, []string{"late"}, j.Entries)
			p.close()
			run(t, l)
			require.Equal(t, []string{"late", "queued"}, j.Entries)
		})
	}
}
