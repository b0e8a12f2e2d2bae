package ipc_test

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

// Offsets in struct seccomp_data.
const (
	offsetNumber = 0
	offsetFD     = 16 // low half of the first argument, on little-endian machines
	offsetLength = 32 // low half of the third
)

// failCalls has a system call on fd fail with errno from now on, on this thread, which ends with the test. With a length,
// only calls whose third argument it is do.
func failCalls(t *testing.T, number uint32, fd, length int, errno syscall.Errno) {
	t.Helper()
	runtime.LockOSThread() // For ever: nobody else may get this thread.
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetNumber},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 5, K: number},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetFD},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 3, K: uint32(fd)},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offsetLength},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(length)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if length == 0 {
		filter[5].Jf = 0
	}
	require.NoError(t, unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&program)), 0, 0)
	runtime.KeepAlive(filter)
	if err != nil {
		t.Skipf("seccomp(2) refuses a filter: %v", err)
	}
}

// Handles go by sendmsg(2), one plain message by sendto(2).
func TestAHandleThatCannotBeSentCostsItsMessageAndNothingElse(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.ETOOMANYREFS, unix.ENOBUFS, unix.ENOMEM, unix.EPERM, unix.EMSGSIZE, unix.EINVAL} {
		t.Run(errno.Error(), func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			j := new(journal)
			note := func(s string) func(error) { return func(err error) { j.add(fmt.Sprint(s, " ", err)) } }
			c.OnError(note("error"))
			failCalls(t, unix.SYS_SENDMSG, c.FD(), 0, errno)
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
			require.Equal(t, []string{"1 <nil>", "2 " + failure, "3 <nil>", "error " + failure}, j.entries)
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
			failCalls(t, unix.SYS_SENDTO, c.FD(), len(long)+1, errno)
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

// The peer has a part of it: nothing else can follow, but what it sends is read.
func TestAMessageThatWasSentInPartIsNotCutShort(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var failed []error
	done := func(err error) { failed = append(failed, err) }
	require.NoError(t, c.SendWith(strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: done}))
	for _, number := range []uint32{unix.SYS_SENDTO, unix.SYS_SENDMSG} {
		failCalls(t, number, c.FD(), 0, unix.ENOMEM)
	}
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
	require.Equal(t, []string{"1", "disconnect"}, j.entries)
}

// fillUser has more descriptors on their way between processes than this thread, which gives up its privileges, may have.
// What is read from the socket that is returned takes some of them away.
func fillUser(t *testing.T) *peer {
	t.Helper()
	x, y := socketPair(t)
	t.Cleanup(func() { require.NoError(t, unix.Close(x)) })
	full := &peer{t: t, fd: y}
	t.Cleanup(full.close)
	(&peer{t: t, fd: x}).sendMany(253, "x")
	limitDescriptors(t, 20)
	runtime.LockOSThread() // For ever: nobody else may get this thread.
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
	node.channel.OnMessage(func(m *ipc.Message) { j.add(string(m.Raw())) })
	conn, _ := newConn(t)
	full := fillUser(t)
	failed := false
	require.NoError(t, node.channel.Send("before"))
	require.NoError(t, node.channel.SendWith("lost", &ipc.SendOptions{Handle: conn, Done: func(err error) {
		require.ErrorIs(t, err, unix.ETOOMANYREFS)
		failed = true
	}}))
	require.NoError(t, node.channel.Send("behind"))
	until(t, l, func() bool { return failed && len(j.entries) == 2 })
	full.close()
	require.NoError(t, node.channel.SendWith("again", &ipc.SendOptions{Handle: conn}))
	until(t, l, func() bool { return len(j.entries) == 3 })
	node.channel.Disconnect()
	run(t, l)
	node.wait()
	require.Equal(t, []string{`["before",false]`, `["behind",false]`, `["again",true]`}, j.entries)
}
