package ipc_test

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// marker is sent behind hostile bytes. It must arrive unless the framing is lost.
const marker = "\"marker\"\n"

func TestAHostilePeerCannotDoMoreThanCauseErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		send   func(p *peer)
		errors int
		lost   bool // the marker does not arrive
	}{
		{"garbage", func(p *peer) { p.send("\x00\xff{{{\n") }, 1, false},
		{"many empty lines", func(p *peer) { p.send(strings.Repeat("\n", 1000)) }, 1000, false},
		{"half a message", func(p *peer) { p.send(`{"a":`) }, 1, true},
		{"a line that is too long", func(p *peer) { p.send(`"` + strings.Repeat("x", 5000) + "\"\n") }, 1, false},
		{"deep nesting", func(p *peer) { p.send(strings.Repeat("[", 4000) + "\n") }, 1, false},
		{"253 descriptors at once", func(p *peer) { p.sendMany(253, "1\n") }, 0, false},
		{"253 descriptors with half a message", func(p *peer) { p.sendMany(253, "[") }, 1, true},
		{"253 descriptors with as many handles", func(p *peer) {
			p.sendMany(253, strings.Repeat(handleFrame("net.Socket", "1"), 253))
		}, 0, false},
		{"descriptors with every byte", func(p *peer) {
			for range 100 {
				p.sendMany(10, " ")
			}
		}, 0, false},
		{"acknowledgements of nothing", func(p *peer) { p.send(strings.Repeat(ack+nack, 100)) }, 0, false},
		{"handles without descriptors", func(p *peer) { p.send(strings.Repeat(handleFrame("net.Socket", "1"), 100)) }, 0, false},
		{"socket lists", func(p *peer) {
			p.send(`{"cmd":"NODE_SOCKET_GET_COUNT"}` + "\n" + `{"cmd":"NODE_SOCKET_COUNT","key":"x","count":{}}` + "\n" +
				`{"cmd":"NODE_SOCKET_ALL_CLOSED","key":5}` + "\n" + `{"cmd":"NODE_SOCKET_NOTIFY_CLOSE","key":""}` + "\n")
		}, 0, false},
		{"the members of a handle of wrong types", func(p *peer) {
			p.sendMany(1, `{"cmd":"NODE_HANDLE","type":{},"msg":1,"key":[],"dgramType":7}`+"\n")
		}, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, &ipc.Options{MaxMessage: 4096})
			var messages []string
			errs, ended := 0, false
			ch.OnMessage(func(m *ipc.Message) { messages = append(messages, strings.TrimSpace(string(m.Raw()))) })
			ch.OnError(func(err error) { require.NotEmpty(t, err.Error()); errs++ })
			ch.OnDisconnect(func() { ended = true })
			c.send(p)
			poll(t, l)
			p.send(marker)
			p.close()
			run(t, l)
			require.Equal(t, c.errors, errs)
			require.Equal(t, !c.lost, slices.Contains(messages, `"marker"`))
			require.True(t, ended)
		})
	}
}

// sendMany sends s with n descriptors.
func (p *peer) sendMany(n int, s string) {
	p.t.Helper()
	fds := make([]int, n)
	for i := range fds {
		fds[i] = p.fd
	}
	p.send(s, fds...)
}

func TestDescriptorsThatWaitForTheirFrameAreFew(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	before := len(leakcheck.FDs())
	for range 20 {
		p.sendMany(253, "[")
		poll(t, l)
		require.LessOrEqual(t, c.PendingRights(), ipc.MaxPendingRights)
	}
	require.LessOrEqual(t, len(leakcheck.FDs()), before+ipc.MaxPendingRights)
	p.send("\n")
	poll(t, l)
	require.Zero(t, c.PendingRights())
	require.Equal(t, before, len(leakcheck.FDs()))
	p.close()
	run(t, l)
}

// There is no room for the descriptors: the system sets MSG_CTRUNC.
func TestTruncatedDescriptorsAreAnErrorAndTheSenderGetsANack(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	j := handleJournal(t, c)
	p.sendMany(20, handleFrame("net.Socket", "1")+"2\n")
	restore := limitDescriptors(t, 5)
	poll(t, l)
	restore()
	s, _ := p.read()
	require.Equal(t, nack, s)
	p.send(handleFrame("net.Socket", "3"), fdSaying(t, "a"))
	p.close()
	run(t, l)
	require.Equal(t, []string{"error: " + ipc.ErrHandlesTruncated.Error(), "2", "3 with a", "disconnect"}, j.Entries)
}

// limitDescriptors leaves room for about n more descriptors until the returned function is called.
func limitDescriptors(t *testing.T, n int) (restore func()) {
	t.Helper()
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	limit := old
	limit.Cur = 0
	for range fd + n { // The type of Cur is not the same everywhere.
		limit.Cur++
	}
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	done := false
	restore = func() {
		if !done {
			done = true
			require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &old))
		}
	}
	t.Cleanup(restore)
	return restore
}

// A peer that makes us answer and does not read the answers is not read either.
func TestAnswersToAPeerThatDoesNotReadAreBounded(t *testing.T) {
	for _, ending := range []string{"reads in the end", "goes"} {
		t.Run(ending, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			frame := strings.Repeat(handleFrame("net.Socket", "1"), 100)
			sent := 0
			for idle := 0; idle < 10; {
				if p.trySend(frame) {
					sent += 100
					idle = 0
				} else {
					idle++
				}
				poll(t, l)
				require.Less(t, c.Queued(), 256<<10)
			}
			if ending == "reads in the end" {
				var got strings.Builder
				for range 1000 {
					s, _ := p.read()
					got.WriteString(s)
					poll(t, l)
				}
				require.Equal(t, strings.Repeat(nack, sent), got.String())
			}
			p.close()
			run(t, l)
		})
	}
}

// The loop runs so many ticks after a callback and no more. With those of the handler, the messages
// of one read are too many for it.
func TestAPeerThatIsFasterThanTheHandlerIsHeldUp(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	nothing := func() {}
	got, sent := 0, 0
	c.OnMessage(func(*ipc.Message) {
		got++
		for range 16 {
			l.NextTick(nothing)
		}
	})
	lines := strings.Repeat("1\n", 1<<20)
	for range 40 {
		for n := 1; n > 0; sent += n {
			n = p.sendSome(lines[sent%2:])
		}
		poll(t, l)
		require.LessOrEqual(t, c.Inbox(), ipc.ReadBufferSize/2)
	}
	p.close()
	run(t, l)
	require.Equal(t, sent/2, got)
}

// No memory is allocated for an announced length.
//
//brood:checks N157
func TestAnAnnouncedLengthAllocatesNothing(t *testing.T) {
	for _, size := range []uint32{1, 255 << 20, 1<<31 - 1, 1 << 31, 1<<31 + 1, 1<<32 - 1} {
		l := newLoop(t)
		c, p := newChannel(t, l, &ipc.Options{Serialization: ipc.Advanced})
		var j journal
		j.watch(c)
		header := binary.BigEndian.AppendUint32(nil, size)
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p.send(string(header[:2]))
		poll(t, l)
		p.send(string(header[2:]))
		poll(t, l)
		if size > 1 {
			p.send("abc")
		}
		poll(t, l)
		p.close()
		run(t, l)
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
		require.Equal(t, "disconnect", j.Entries[len(j.Entries)-1])
		if size > ipc.DefaultMaxMessage {
			require.Equal(t, []string{"error: ipc: message too long", "disconnect"}, j.Entries)
		} else {
			require.Len(t, j.Entries, 1)
		}
	}
}
