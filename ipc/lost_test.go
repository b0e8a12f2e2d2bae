package ipc_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// waysToLose end a channel, or its writing, while messages are queued. err is the error of these
// messages.
var waysToLose = map[string]struct {
	lose func(t *testing.T, c *ipc.Channel, p *peer)
	err  error
}{
	"Destroy":         {func(_ *testing.T, c *ipc.Channel, _ *peer) { c.Destroy() }, ipc.ErrChannelClosed},
	"the peer closes": {func(_ *testing.T, _ *ipc.Channel, p *peer) { p.close() }, ipc.ErrChannelClosed},
	"the peer reads no more": {func(t *testing.T, _ *ipc.Channel, p *peer) {
		require.NoError(t, unix.Shutdown(p.fd, unix.SHUT_RD))
		p.read() // Makes room: without it no write is tried that could fail.
	}, syscall.EPIPE},
	"Disconnect that is not waited for": {func(_ *testing.T, c *ipc.Channel, _ *peer) {
		c.Disconnect()
		c.Destroy()
	}, ipc.ErrChannelClosed},
}

//brood:checks S067
func TestEveryLostMessageIsReported(t *testing.T) {
	for name, way := range waysToLose {
		for _, behind := range []string{"bytes", "handle"} {
			t.Run(name+" behind "+behind, func(t *testing.T) {
				leakcheck.NoNewFDs(t)
				l := newLoop(t)
				c, p := newChannel(t, l, nil)
				var j journal
				c.OnError(func(err error) { require.ErrorIs(t, err, way.err); j.Add("OnError") })
				// Done is called, whether or not the kernel has the message.
				o := &ipc.SendOptions{Done: func(error) {}}
				var v any = strings.Repeat("x", 1<<20)
				if behind == "handle" {
					o.Handle, v = socketFile(t), 0
				}
				require.NoError(t, c.SendWith(v, o))
				for range 3 {
					require.NoError(t, c.Send("without Done"))
					require.NoError(t, c.SendWith("with Done", &ipc.SendOptions{Done: func(err error) {
						require.ErrorIs(t, err, way.err)
						j.Add("Done")
					}}))
				}
				require.NoError(t, c.SendWith("with a handle", &ipc.SendOptions{Handle: socketFile(t)}))
				require.True(t, c.NeedDrain())
				way.lose(t, c, p)
				if name == "the peer reads no more" && behind == "handle" {
					c.Destroy() // Messages behind a handle are not written, so no write fails.
					way.err = ipc.ErrChannelClosed
				}
				until(t, l, func() bool { return len(j.Entries) == 7 })
				require.Equal(t, []string{"OnError", "Done", "OnError", "Done", "OnError", "Done", "OnError"}, j.Entries)
				require.False(t, c.NeedDrain())
				p.close()
				run(t, l)
				require.Len(t, j.Entries, 7)
			})
		}
	}
}

func TestNeedDrainIsFalseWhereNoDrainWillCome(t *testing.T) {
	for name, way := range waysToLose {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			require.NoError(t, c.SendWith(strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: func(error) {}}))
			require.True(t, c.NeedDrain())
			way.lose(t, c, p)
			until(t, l, func() bool { return !c.NeedDrain() })
			// It may be refused.
			_ = c.SendWith(strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: func(error) {}})
			require.False(t, c.NeedDrain())
			p.close()
			run(t, l)
		})
	}
	t.Run("Disconnect", func(t *testing.T) {
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		c.OnDrain(func() { require.Fail(t, "drain") })
		require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
		require.True(t, c.NeedDrain())
		c.Disconnect()
		require.False(t, c.NeedDrain())
		until(t, l, func() bool { _, end := p.read(); return end })
		p.close()
		run(t, l)
	})
}

func TestErrorsWithoutAListenerAreLogged(t *testing.T) {
	var text bytes.Buffer
	o := reactor.Options{Logger: slog.New(slog.NewTextHandler(&text, nil))}
	lines := func() []string {
		defer text.Reset()
		return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	}
	l := newLoopWith(t, o)
	c, p := newChannel(t, l, nil)
	for i := range 3 {
		require.NoError(t, c.Send(fmt.Sprint(i, strings.Repeat("x", 1<<20))))
	}
	p.send("{]\n")
	poll(t, l)
	require.Contains(t, text.String(), "invalid")
	text.Reset()
	p.close()
	run(t, l)
	got := lines()
	require.Len(t, got, 3)
	for _, line := range got {
		require.Contains(t, line, ipc.ErrChannelClosed.Error())
	}

	c, p = newChannel(t, l, nil)
	c.OnError(func(error) {})
	require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	p.close()
	run(t, l)
	require.Empty(t, text.String(), "somebody has listened")

	l, err := reactor.New(&o)
	require.NoError(t, err)
	c, _ = newChannel(t, l, nil)
	c.Unref()
	for range 3 {
		require.NoError(t, c.Send(strings.Repeat("x", 1<<20)))
	}
	run(t, l)
	require.NoError(t, l.Close())
	got = lines()
	require.Len(t, got, 1, "there are no events any more")
	require.Contains(t, got[0], "messages=3")
}
