package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// handleJournal notes each message, and the text that its handle yields.
func handleJournal(t *testing.T, c *ipc.Channel) *journal {
	t.Helper()
	j := new(journal)
	c.OnMessage(func(m *ipc.Message) {
		entry := string(m.Raw())
		if h := m.Handle(); h != nil {
			f, err := h.File()
			require.NoError(t, err)
			buf := make([]byte, 16)
			n, err := f.Read(buf)
			require.NoError(t, err)
			flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0)
			require.NoError(t, err)
			require.NotZero(t, flags&unix.FD_CLOEXEC)
			require.NoError(t, f.Close())
			entry += " with " + string(buf[:n])
		}
		j.Add(entry)
	})
	c.OnDisconnect(j.Note("disconnect"))
	c.OnError(func(err error) { j.Add("error: " + err.Error()) })
	return j
}

// fdSaying returns a socket from which text can be read.
func fdSaying(t *testing.T, text string) int {
	t.Helper()
	x, y := socketPair(t)
	_, err := unix.Write(y, []byte(text))
	require.NoError(t, err)
	require.NoError(t, unix.Close(y))
	t.Cleanup(func() { require.NoError(t, unix.Close(x)) })
	return x
}

//brood:checks N159
func TestAHandleGoesWithItsOwnMessage(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	p.send("1\n"+handleFrame("net.Socket", "2")+"3\n", fdSaying(t, "a"))
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, ack, s)
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2 with a", "3", "disconnect"}, j.Entries)
}

func TestADescriptorMayComeWithAnyPartOfItsFrame(t *testing.T) {
	leakcheck.NoNewFDs(t)
	frame := handleFrame("net.Socket", `"two"`)
	for at := 1; at < len(frame); at++ {
		for early := range 2 {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			j := handleJournal(t, c)
			for i, chunk := range []string{"1\n" + frame[:at], frame[at:] + "3\n"} {
				if i == early {
					p.send(chunk, fdSaying(t, "a"))
				} else {
					p.send(chunk)
				}
				poll(t, l)
			}
			p.close()
			run(t, l)
			require.Equal(t, []string{"1", `"two" with a`, "3", "disconnect"}, j.Entries, "%d %d", at, early)
		}
	}
}

func TestTwoHandlesWithoutAnAcknowledgementBetween(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	p.send(handleFrame("net.Socket", "1"), fdSaying(t, "a"))
	p.send(handleFrame("net.Socket", "2"), fdSaying(t, "b"))
	poll(t, l)
	p.send(handleFrame("net.Socket", "3")+handleFrame("net.Socket", "4"), fdSaying(t, "c"), fdSaying(t, "d"))
	p.close()
	run(t, l)
	require.Equal(t, []string{"1 with a", "2 with b", "3 with c", "4 with d", "disconnect"}, j.Entries)
}

func TestAHandleWithoutADescriptorIsRefusedAndDropped(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	p.send(handleFrame("net.Socket", "1") + "2\n")
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, nack, s)
	p.close()
	run(t, l)
	require.Equal(t, []string{"2", "disconnect"}, j.Entries)
}

// Node sends a handle again with its frame wrapped in another.
func TestAWrappedHandleIsAcknowledgedOnce(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	inner := strings.TrimSuffix(handleFrame("net.Socket", "1"), "\n")
	p.send(handleFrame("net.Native", inner), fdSaying(t, "a"))
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, ack, s)
	for range 10 {
		inner = strings.TrimSuffix(handleFrame("net.Native", inner), "\n")
	}
	p.send(inner+"\n", fdSaying(t, "b"))
	poll(t, l)
	p.close()
	run(t, l)
	require.Len(t, j.Entries, 3)
	require.Equal(t, "1 with a", j.Entries[0])
	require.Contains(t, j.Entries[1], "wrapped too often")
}

func TestAnUntakenHandleIsClosed(t *testing.T) {
	for name, frame := range map[string]string{
		"taken by nobody":   handleFrame("net.Socket", "1"),
		"unknown type":      handleFrame("bogus", "1"),
		"no type":           `{"cmd":"NODE_HANDLE","msg":1}` + "\n",
		"no message":        `{"cmd":"NODE_HANDLE","type":"net.Socket"}` + "\n",
		"internal inside":   handleFrame("net.Socket", `{"cmd":"NODE_x"}`),
		"with a plain one":  "1\n",
		"with garbage":      "{]\n",
		"with half a line":  "[1",
		"with an empty one": "\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			c.OnMessage(func(m *ipc.Message) {})
			x, y := socketPair(t)
			p.send(frame, x)
			require.NoError(t, unix.Close(x))
			poll(t, l)
			if name != "with half a line" {
				requireEOF(t, y)
			}
			p.close()
			run(t, l)
			requireEOF(t, y)
			require.NoError(t, unix.Close(y))
		})
	}
}

// requireEOF requires that the other end of the connection fd is closed everywhere.
func requireEOF(t *testing.T, fd int) {
	t.Helper()
	require.NoError(t, unix.SetNonblock(fd, true))
	n, err := unix.Read(fd, make([]byte, 1))
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestAHandleWaitsWithItsMessage(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send("1\n"+handleFrame("net.Socket", "2")+"3\n", fdSaying(t, "a"))
	poll(t, l)
	s, _ := p.read()
	require.Equal(t, ack, s)
	j := handleJournal(t, c)
	poll(t, l)
	p.send(handleFrame("net.Socket", "4"), fdSaying(t, "b"))
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "2 with a", "3", "4 with b", "disconnect"}, j.Entries)
}

func TestHandlesThatWaitAreClosedAtTheEnd(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	p.send(handleFrame("net.Socket", "1"), fdSaying(t, "a"))
	poll(t, l)
	require.Positive(t, c.Waiting())
	p.close()
	run(t, l)
}

// The sender waits for an answer, and would wait without end.
func TestTheSenderOfADroppedHandleGetsANack(t *testing.T) {
	long := handleFrame("net.Socket", `"`+strings.Repeat("x", 5000)+`"`)
	for name, c := range map[string]struct {
		o      ipc.Options
		chunks []string // the descriptor comes with the first byte
	}{
		"in one read":         {ipc.Options{MaxMessage: 1000}, []string{long}},
		"in several":          {ipc.Options{MaxMessage: 1000}, []string{long[:500], long[500:2000], long[2000:3000], long[3000:]}},
		"behind another":      {ipc.Options{MaxMessage: 1000}, []string{"1\n" + long[:1001], long[1001:]}},
		"no message":          {ipc.Options{}, []string{"{\"cmd\":\"NODE_HANDLE\",\n"}},
		"advanced":            {ipc.Options{MaxMessage: 10, Serialization: ipc.Advanced}, []string{"\x00\x00\x00\x0bxxxxxxxxxxx"}},
		"advanced in several": {ipc.Options{MaxMessage: 10, Serialization: ipc.Advanced}, []string{"\x00\x00\x00\x0bxxx", "xxxx", "xxxx"}},
	} {
		t.Run(name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, &c.o)
			errs := 0
			ch.OnError(func(err error) {
				require.IsType(t, &ipc.MessageError{}, err)
				errs++
			})
			for i, chunk := range c.chunks {
				if i == 0 {
					p.send(chunk, fdSaying(t, "a"))
				} else {
					p.send(chunk)
				}
				poll(t, l)
				s, _ := p.read()
				require.Equal(t, i == len(c.chunks)-1, s != "", "not before all of it has come: %q", s)
				if c.o.Serialization == ipc.JSON {
					require.Contains(t, []string{"", nack}, s)
				}
			}
			require.Equal(t, 1, errs)
			p.close()
			run(t, l)
		})
	}
}

func TestAHandleWithAMessageThatIsTooLongDoesNotStopTheSender(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	x, y := socketPair(t)
	a, err := ipc.New(l, x, nil)
	require.NoError(t, err)
	b, err := ipc.New(l, y, &ipc.Options{MaxMessage: 1 << 20})
	require.NoError(t, err)
	var got error
	a.OnError(func(err error) { got = err })
	b.OnMessage(func(m *ipc.Message) {
		require.Equal(t, "2", string(m.Raw()))
		b.Disconnect()
	})
	conn, _ := newConn(t)
	require.NoError(t, a.SendWith(strings.Repeat("x", 2<<20), &ipc.SendOptions{Handle: conn}))
	require.NoError(t, a.Send(2))
	run(t, l)
	require.ErrorIs(t, got, ipc.ErrHandleNotReceived)
}
