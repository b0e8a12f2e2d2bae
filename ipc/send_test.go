package ipc_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

func TestSmallMessagesAreWithTheKernelWhenSendReturns(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	l.NextTick(func() {
		for i := range ipc.EagerWrites {
			require.NoError(t, c.Send(i))
			s, _ := p.read()
			require.Equal(t, fmt.Sprintln(i), s)
		}
		require.NoError(t, c.Send("gathered"))
		require.NoError(t, c.Send("too"))
		s, _ := p.read()
		require.Empty(t, s)
	})
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, "\"gathered\"\n\"too\"\n", s)
	p.close()
	run(t, l)
}

func TestFlushWritesWhatIsGathered(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	l.NextTick(func() {
		for range ipc.EagerWrites {
			require.NoError(t, c.Send(0))
		}
		_, _ = p.read()
		require.NoError(t, c.Send("gathered"))
		c.Flush()
		s, _ := p.read()
		require.Equal(t, "\"gathered\"\n", s)
		c.Flush() // There is no other callback.
	})
	poll(t, l)
	p.close()
	run(t, l)
	c.Flush()
}

func TestGatheredMessagesAreWrittenBehindTheTicksOrBeforeTheNextOther(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	gather := &ipc.SendOptions{Gather: true}
	sent := func(want string) {
		t.Helper()
		s, _ := p.read()
		require.Equal(t, want, s)
	}
	l.NextTick(func() {
		require.NoError(t, c.SendWith(1, gather))
		sent("1\n")
		require.NoError(t, c.SendWith(2, gather))
		require.NoError(t, c.SendWith(3, gather))
		sent("")
		require.NoError(t, c.Send(4))
		sent("2\n3\n4\n")
		require.NoError(t, c.SendWith(5, gather))
		sent("")
	})
	poll(t, l)
	sent("5\n")
	l.NextTick(func() {
		require.NoError(t, c.SendWith(6, gather))
		sent("6\n")
	})
	poll(t, l)
	p.close()
	run(t, l)
}

func TestManyGatheredMessagesDoNotWaitForTheTick(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	big := strings.Repeat("x", 1000)
	for range ipc.EagerWrites {
		require.NoError(t, c.Send(1))
	}
	p.read()
	got := 0
	for range 100 {
		require.NoError(t, c.Send(big))
		s, _ := p.read()
		got += len(s)
	}
	require.Greater(t, got, 64<<10)
	p.close()
	run(t, l)
}

//brood:checks N150
func TestDoneIsCalledOnALaterTickInOrder(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	done := func(s string) *ipc.SendOptions {
		return &ipc.SendOptions{Done: func(err error) { j.Add(fmt.Sprint(s, " ", err)) }}
	}
	require.NoError(t, c.SendWith(1, done("first")))
	l.NextTick(j.Note("tick"))
	require.NoError(t, c.SendWith(2, done("second")))
	require.Empty(t, j.Entries)
	c.Disconnect()
	require.NoError(t, c.SendWith(3, done("third")))
	p.close()
	c.OnDisconnect(j.Note("disconnect"))
	run(t, l)
	require.Equal(t, []string{"first <nil>", "tick", "second <nil>", "third ipc: channel closed", "disconnect"}, j.Entries)
}

//brood:checks N149
func TestSendAfterTheEndIsReturnedOrGivenToDone(t *testing.T) {
	for name, end := range map[string]func(c *ipc.Channel, p *peer){
		"disconnect": func(c *ipc.Channel, _ *peer) { c.Disconnect() },
		"peer":       func(_ *ipc.Channel, p *peer) { p.close() },
		"destroy":    func(c *ipc.Channel, _ *peer) { c.Destroy() },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			c.OnError(func(err error) { require.NoError(t, err) })
			end(c, p)
			run(t, l)
			require.False(t, c.Connected())
			require.Equal(t, -1, c.FD())
			err := c.Send(1)
			require.ErrorIs(t, err, ipc.ErrChannelClosed)
			require.ErrorIs(t, err, os.ErrClosed)
			var got []error
			require.NoError(t, c.SendWith(1, &ipc.SendOptions{Done: func(err error) { got = append(got, err) }}))
			require.Empty(t, got)
			run(t, l)
			require.Equal(t, []error{ipc.ErrChannelClosed}, got)
		})
	}
}

func TestAValueThatCannotBeSerializedIsAnErrorOfSend(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	require.NoError(t, c.Send("before"))
	for _, v := range []any{func() {}, make(chan int), json3{errors.New("no")}} {
		err := c.SendWith(v, &ipc.SendOptions{Done: func(error) { require.Fail(t, "called") }})
		require.Error(t, err)
	}
	require.NoError(t, c.Send("behind"))
	c.Disconnect()
	run(t, l)
	s, _ := p.read()
	require.Equal(t, "\"before\"\n\"behind\"\n", s)
}

type json3 struct{ err error }

func (j json3) MarshalJSON() ([]byte, error) { return nil, j.err }

// sendsInside sends another message while it is being serialized.
type sendsInside struct{ c *ipc.Channel }

func (s sendsInside) MarshalJSON() ([]byte, error) { return []byte(`"outer"`), s.c.Send("inner") }

func TestSendInsideTheSerializationOfAnother(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	require.NoError(t, c.Send([]any{"begin", sendsInside{c}, "end"}))
	c.Disconnect()
	run(t, l)
	s, _ := p.read()
	require.Equal(t, "\"inner\"\n[\"begin\",\"outer\",\"end\"]\n", s)
}

//brood:checks S066 N151
func TestNeedDrainIsTrueFrom131072BytesAndDrainFollows(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	drains := 0
	c.OnDrain(func() { drains++; require.False(t, c.NeedDrain()) })
	line := strings.Repeat("x", 1021)
	sent := 0
	for !c.NeedDrain() {
		require.NoError(t, c.Send(line))
		sent++
		if c.Queued() >= ipc.DrainMark {
			require.True(t, c.NeedDrain())
		}
	}
	require.GreaterOrEqual(t, c.Queued(), ipc.DrainMark)
	require.Less(t, c.Queued(), ipc.DrainMark+1024)
	got := 0
	for range 1000 {
		s, _ := p.read()
		got += len(s)
		poll(t, l)
	}
	require.Equal(t, sent*1024, got)
	require.Equal(t, 1, drains)
	require.Zero(t, c.Queued())
	p.close()
	run(t, l)
	require.Equal(t, 1, drains)
}

func TestAPeerThatNeverReadsMeetsTheLimitOfTheQueue(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{MaxQueue: 1 << 20})
	big := strings.Repeat("x", 100_000)
	var err error
	for range 100 {
		if err = c.SendWith(big, &ipc.SendOptions{Done: func(error) {}}); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, ipc.ErrQueueFull)
	require.Less(t, c.Queued(), 1<<20+len(big)+3)
	require.True(t, c.Connected())
	p.close()
	run(t, l)
}

func TestAWriteThatFailsGoesToDoneElseToOnError(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	require.NoError(t, unix.Shutdown(p.fd, unix.SHUT_RD))
	var j journal
	c.OnError(func(err error) {
		require.ErrorIs(t, err, syscall.EPIPE)
		var e *ipc.ChannelError
		require.ErrorAs(t, err, &e)
		j.Add("error " + e.Op)
	})
	c.OnMessage(func(m *ipc.Message) { j.Add("message") })
	done := &ipc.SendOptions{Done: func(err error) { require.ErrorIs(t, err, syscall.EPIPE); j.Add("done") }}
	require.NoError(t, c.SendWith(1, done))
	require.NoError(t, c.SendWith(2, done))
	require.NoError(t, c.Send(3))
	require.Empty(t, j.Entries)
	poll(t, l)
	require.ElementsMatch(t, []string{"done", "done", "error write"}, j.Entries)
	require.True(t, c.Connected(), "what the peer wrote is still to be read")
	j.Entries = nil
	p.send("1\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"message"}, j.Entries)
}

func TestQueuedMessagesOfAPeerThatDiesFail(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnDisconnect(j.Note("disconnect"))
	c.OnError(func(err error) { j.Add("error") })
	big := strings.Repeat("x", 1<<20)
	require.NoError(t, c.SendWith(big, &ipc.SendOptions{Done: func(err error) {
		require.Error(t, err)
		j.Add("done")
	}}))
	poll(t, l)
	p.close()
	run(t, l)
	require.Equal(t, []string{"done", "disconnect"}, j.Entries)
}
