package ipc_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/ipc"
)

// callOn is a system call on fd.
func callOn(number uint32, fd int) sandbox.Call { return sandbox.Number(number).With(0, uint32(fd)) }

// Handles go by sendmsg(2), one plain message by sendto(2).
func TestAHandleThatCannotBeSentCostsItsMessageAndNothingElse(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ETOOMANYREFS, unix.ENOBUFS, unix.ENOMEM, unix.EPERM, unix.EMSGSIZE, unix.EINVAL} {
		t.Run(errno.Error(), func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			j := new(journal)
			note := func(s string) func(error) { return func(err error) { j.Add(fmt.Sprint(s, " ", err)) } }
			c.OnError(note("error"))
			sandbox.Refuse(t, errno, callOn(unix.SYS_SENDMSG, c.FD()))
			conn, other := newConn(t)
			require.NoError(t, c.SendWith(1, &ipc.SendOptions{Done: note("1")}))
			require.NoError(t, c.SendWith(2, &ipc.SendOptions{Handle: conn, Done: note("2")}))
			require.NoError(t, c.SendWith(3, &ipc.SendOptions{Done: note("3")}))
			require.NoError(t, c.SendWith(5, &ipc.SendOptions{Handle: socketFile(t)}))
			require.NoError(t, c.SendWith(6, &ipc.SendOptions{Done: func(error) { c.Disconnect() }}))
			c.OnDisconnect(p.close)
			var got strings.Builder
			until(t, l, func() bool {
				s, end := p.read()
				got.WriteString(s)
				return end
			})
			p.close()
			run(t, l)
			require.Equal(t, "1\n3\n6\n", got.String())
			failure := fmt.Sprint("ipc: write: ", errno)
			require.Equal(t, []string{"1 <nil>", "2 " + failure, "3 <nil>", "error " + failure}, j.Entries)
			_, err := conn.Write([]byte("it is the sender's as before"))
			require.NoError(t, err)
			require.NoError(t, other.Close())
		})
	}
}

func TestAPlainMessageThatCannotBeSentCostsItselfAndNothingElse(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ENOBUFS, unix.ENOMEM, unix.EACCES} {
		t.Run(errno.Error(), func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			const long = `"a long one"`
			sandbox.Refuse(t, errno, callOn(unix.SYS_SENDTO, c.FD()).With(2, uint32(len(long)+1)))
			var failed []error
			c.OnError(func(err error) { failed = append(failed, err) })
			for i := range 3 {
				require.NoError(t, c.Send(rawJSON(long)))
				until(t, l, func() bool { return len(failed) == i+1 })
				require.ErrorIs(t, failed[i], errno)
				require.IsType(t, &ipc.ChannelError{}, failed[i])
				require.NoError(t, c.Send("short"))
			}
			got, _ := p.read()
			require.Equal(t, strings.Repeat("\"short\"\n", 3), got)
			p.close()
			run(t, l)
		})
	}
}

// The peer has a part of the message, so nothing else can be written; but its messages are read.
func TestAMessageThatWasSentInPartIsNotCutShort(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var failed []error
	done := func(err error) { failed = append(failed, err) }
	require.NoError(t, c.SendWith(strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: done}))
	sandbox.Refuse(t, unix.ENOMEM, callOn(unix.SYS_SENDTO, c.FD()), callOn(unix.SYS_SENDMSG, c.FD()))
	s, _ := p.read()
	require.NoError(t, c.SendWith("behind", &ipc.SendOptions{Done: done}))
	until(t, l, func() bool { return len(failed) == 2 })
	more, _ := p.read()
	require.Empty(t, more)
	require.NotContains(t, s, "\n")
	for _, err := range failed {
		require.ErrorIs(t, err, unix.ENOMEM)
	}
	require.False(t, c.NeedDrain())
	var j journal
	j.watch(c)
	p.send("1\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "disconnect"}, j.Entries)
}

// fillUser puts more descriptors on their way between processes than this thread may have, which
// gives up its privileges. Reads from the returned socket take some of them away.
func fillUser(t *testing.T) *peer {
	t.Helper()
	x, y := socketPair(t)
	t.Cleanup(func() { require.NoError(t, unix.Close(x)) })
	full := &peer{t: t, fd: y}
	t.Cleanup(full.close)
	(&peer{t: t, fd: x}).sendMany(253, "x")
	limitDescriptors(t, 20)
	runtime.LockOSThread() // Never unlocked: no other goroutine may get this thread.
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	none := new([2]unix.CapUserData)
	require.NoError(t, unix.Capset(&header, &none[0]))
	err := unix.Sendmsg(x, []byte("x"), unix.UnixRights(x), nil, 0)
	if err != unix.ETOOMANYREFS {
		t.Skipf("the system does not count descriptors on their way: %v", err)
	}
	return full
}

func TestWhenThereAreTooManyDescriptorsOnTheirWayTheHandleIsSentALittleLater(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	c.OnError(func(err error) { require.NoError(t, err) })
	full := fillUser(t)
	conn, other := newConn(t)
	dones := 0
	done := func(err error) { require.NoError(t, err); dones++ }
	require.NoError(t, c.SendWith("x", &ipc.SendOptions{Handle: conn, Done: done}))
	require.NoError(t, c.SendWith("y", &ipc.SendOptions{Done: done}))
	l.SetTimeout(5*time.Millisecond, func() { full.close() })
	until(t, l, p.readable)
	s, fds := p.takeRights()
	require.Equal(t, handleFrame("net.Socket", `"x"`), s)
	require.Len(t, fds, 1)
	requireConnected(t, fds[0], other)
	p.send(ack)
	until(t, l, func() bool { return dones == 2 })
	s, _ = p.read()
	require.Equal(t, "\"y\"\n", s)
	p.close()
	run(t, l)
}

func TestANodeChildIsSpokenToAfterAHandleThatCouldNotBeSent(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	node := startNode(t, l, nil, `process.on('message', (m, h) => { process.send([m, !!h]); if (h) h.destroy(); });`)
	var j journal
	node.channel.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) })
	conn, _ := newConn(t)
	full := fillUser(t)
	failed := false
	require.NoError(t, node.channel.Send("before"))
	require.NoError(t, node.channel.SendWith("lost", &ipc.SendOptions{Handle: conn, Done: func(err error) {
		require.ErrorIs(t, err, unix.ETOOMANYREFS)
		failed = true
	}}))
	require.NoError(t, node.channel.Send("behind"))
	until(t, l, func() bool { return failed && len(j.Entries) == 2 })
	full.close()
	require.NoError(t, node.channel.SendWith("again", &ipc.SendOptions{Handle: conn}))
	until(t, l, func() bool { return len(j.Entries) == 3 })
	node.channel.Disconnect()
	run(t, l)
	node.wait()
	require.Equal(t, []string{`["before",false]`, `["behind",false]`, `["again",true]`}, j.Entries)
}
