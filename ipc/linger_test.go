package ipc_test

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// ipc-flood writes messages to its channel as fast as it can. It reads neither messages nor the
	// end.
	helperproc.Register("ipc-flood", func([]string) {
		fd, err := strconv.Atoi(os.Getenv("NODE_CHANNEL_FD"))
		check(err)
		check(unix.SetNonblock(fd, false))
		lines := bytes.Repeat([]byte("1\n"), 1<<15)
		for err == nil {
			_, err = unix.Write(fd, lines)
		}
	})

	// ipc-hang sends one message and then neither reads nor closes.
	helperproc.Register("ipc-hang", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			check(c.Send("one"))
			select {}
		})
	})
}

//brood:checks S067
func TestDisconnectReadsWhatANodeChildHasSentBefore(t *testing.T) {
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		// Short messages fill the socket with less than a read takes.
		for size, full := range map[int]int{1: 2000, 1000: 80_000} {
			t.Run(fmt.Sprint(mode, size), func(t *testing.T) {
				l := newLoop(t)
				// It sends everything in one callback, and sees no event for a while.
				node := startNode(t, l, &ipc.Options{Serialization: mode, Linger: time.Minute}, fmt.Sprintf(`
					for (let i = 0; i < 1000; i++) process.send([i, 'x'.repeat(%d)]);
					Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);`, size))
				for deadline := time.Now().Add(hangLimit()); fd.Pending(node.channel.FD()) < full; {
					require.True(t, time.Now().Before(deadline), "the test hangs")
					runtime.Gosched()
				}
				got, ended := 0, false
				node.channel.OnMessage(func(m *ipc.Message) {
					var v []any
					require.NoError(t, m.Decode(&v))
					require.EqualValues(t, got, v[0])
					if got++; got == 1 {
						node.channel.Disconnect()
					}
				})
				node.channel.OnDisconnect(func() { ended = true; require.Equal(t, 1000, got) })
				run(t, l)
				node.wait()
				require.True(t, ended)
			})
		}
	}
}

func TestANodeChildAnswersWhatWasSentBeforeDisconnect(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.on('message', m => process.send('answer ' + m));`)
	var j journal
	j.watch(node.channel)
	for i := range 3 {
		require.NoError(t, node.channel.Send(i))
	}
	node.channel.Disconnect()
	run(t, l)
	node.wait()
	require.Equal(t, []string{`"answer 0"`, `"answer 1"`, `"answer 2"`, "disconnect"}, j.Entries)
}

// The message is longer than the socket holds. Node would drop the rest of it at the end of the
// stream.
func TestDisconnectDoesNotCutANodeChildOffInTheMiddleOfAMessage(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.send('x'.repeat(4 << 20));`)
	size := 0
	node.channel.OnMessage(func(m *ipc.Message) { size = len(m.Raw()) })
	for node.channel.Inbox() == 0 && len(node.channel.Kept()) == 0 {
		_, err := l.Poll(hangLimit())
		require.NoError(t, err)
	}
	node.channel.Disconnect()
	run(t, l)
	node.wait()
	require.Equal(t, 4<<20+2, size)
}

// Messages that are queued in the other process, more than a socket holds, were sent before too.
//
//brood:checks S067
func TestDisconnectReadsWhatAGoPeerHasQueued(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var j journal
	long := strings.Repeat("x", 1<<20)
	for range 5 {
		require.NoError(t, b.SendWith(long, &ipc.SendOptions{Done: func(err error) { require.NoError(t, err); j.Add("sent") }}))
	}
	a.OnMessage(func(m *ipc.Message) { require.Len(t, m.Raw(), 1<<20+2); j.Add("came") })
	a.OnDisconnect(j.Note("end of a"))
	b.OnDisconnect(j.Note("end of b"))
	a.Disconnect()
	run(t, l)
	require.ElementsMatch(t, []string{"sent", "sent", "sent", "sent", "sent", "came", "came", "came", "came", "came",
		"end of b", "end of a"}, j.Entries)
	require.Equal(t, "end of a", j.Entries[len(j.Entries)-1])
}

func TestAHandleThatWasSentBeforeDisconnectArrives(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	p.send("1\n"+handleFrame("net.Socket", "2"), fdSaying(t, "a"))
	c.Disconnect()
	var got strings.Builder
	until(t, l, func() bool {
		s, end := p.read()
		got.WriteString(s)
		return end
	})
	require.Equal(t, ack, got.String())
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2 with a", "disconnect"}, j.Entries)
}

// It cannot be acknowledged: the sender takes it for lost, and may send it to another process.
func TestAHandleThatComesAfterTheShutdownIsDropped(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	c.Disconnect()
	until(t, l, func() bool { _, end := p.read(); return end })
	x, y := socketPair(t)
	p.send(handleFrame("net.Socket", "1")+"2\n", x)
	require.NoError(t, unix.Close(x))
	poll(t, l)
	requireEOF(t, y)
	require.NoError(t, unix.Close(y))
	p.close()
	run(t, l)
	require.Equal(t, []string{"2", "disconnect"}, j.Entries)
}

func TestAPeerThatDoesNotCloseIsLeftAfterLinger(t *testing.T) {
	const linger = 50 * time.Millisecond
	for _, helper := range []string{"ipc-flood", "ipc-hang"} {
		t.Run(helper, func(t *testing.T) {
			l := newLoop(t)
			c, cmd := startHelper(t, l, helper, &ipc.Options{Linger: linger})
			var told time.Time
			got, ended := 0, false
			c.OnMessage(func(*ipc.Message) {
				if got++; got == 1 {
					told = time.Now()
					c.Disconnect()
				}
			})
			c.OnDisconnect(func() { ended = true })
			run(t, l)
			require.True(t, ended)
			require.GreaterOrEqual(t, time.Since(told), linger)
			if helper == "ipc-hang" {
				require.Equal(t, 1, got)
				require.NoError(t, cmd.Process.Kill())
			}
			_ = cmd.Wait() // It was killed, or has ended with an error.
		})
	}
}

func TestWithoutALimitThePeersCloseIsWaitedFor(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{Linger: -1})
	var j journal
	j.watch(c)
	c.Disconnect()
	until(t, l, func() bool { _, end := p.read(); return end })
	p.send("1\n")
	poll(t, l)
	require.Equal(t, []string{"1"}, j.Entries)
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "disconnect"}, j.Entries)
}

// Without a listener reading has stopped. OnDisconnect still comes.
func TestDisconnectWhileTooMuchWaitsForAListener(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{Linger: 10 * time.Millisecond})
	line := `"` + strings.Repeat("x", 8000) + "\"\n"
	for idle := 0; idle < 10; idle++ {
		if p.trySend(line) {
			idle = 0
		}
		poll(t, l)
	}
	ended := false
	c.OnDisconnect(func() { ended = true })
	c.Disconnect()
	run(t, l)
	require.True(t, ended)
}
