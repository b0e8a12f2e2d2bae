package ipc_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/internal/test/helperproc"
	record "github.com/brood-go/brood/internal/test/journal"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// hangLimit ends tests that wait for an event that does not come.
func hangLimit() time.Duration { return looptest.HangLimit() }

// The vocabulary of all tests of loops, here by its short names.
var (
	run    = looptest.Run
	poll   = looptest.Poll
	until  = looptest.Until
	isOpen = fdtest.IsOpen
)

// newLoop returns a loop of package looptest whose messages are cleared when they expire.
func newLoop(t testing.TB) *reactor.Loop {
	t.Helper()
	return newLoopWith(t, reactor.Options{})
}

func newLoopWith(t testing.TB, o reactor.Options) *reactor.Loop {
	t.Helper()
	l := looptest.NewWith(t, o)
	if _, benchmark := t.(*testing.B); !benchmark {
		require.NoError(t, ipc.Poison(l))
	}
	return l
}

// socketPair returns the ends of a stream socketpair. They are in blocking mode, as a child gets
// its channel.
func socketPair(t testing.TB) (a, b int) {
	t.Helper()
	a, b, err := fd.SocketPair()
	require.NoError(t, err)
	return a, b
}

// newPair returns two channels that are connected to each other on l.
func newPair(t testing.TB, l *reactor.Loop, o *ipc.Options) (a, b *ipc.Channel) {
	t.Helper()
	x, y := socketPair(t)
	a, err := ipc.New(l, x, o)
	require.NoError(t, err)
	b, err = ipc.New(l, y, o)
	require.NoError(t, err)
	return a, b
}

// newChannel returns a channel on l, and its peer, which reads and writes bytes.
func newChannel(t testing.TB, l *reactor.Loop, o *ipc.Options) (*ipc.Channel, *peer) {
	t.Helper()
	x, y := socketPair(t)
	c, err := ipc.New(l, x, o)
	require.NoError(t, err)
	require.NoError(t, unix.SetNonblock(y, true))
	p := &peer{t: t, fd: y}
	t.Cleanup(p.close)
	return c, p
}

// startHelper starts a helper that has a channel to this process.
func startHelper(t *testing.T, l *reactor.Loop, helper string, o *ipc.Options) (*ipc.Channel, *exec.Cmd) {
	t.Helper()
	file, argv := helperproc.Command(helper)
	cmd := exec.Command(file, argv...)
	ours, theirs := socketPair(t)
	channel := os.NewFile(uintptr(theirs), "channel")
	defer channel.Close()
	var mode ipc.Serialization
	if o != nil {
		mode = o.Serialization
	}
	cmd.ExtraFiles = []*os.File{channel}
	cmd.Env = append(os.Environ(), "NODE_CHANNEL_FD=3", "NODE_CHANNEL_SERIALIZATION_MODE="+mode.String())
	cmd.Stderr = os.Stderr
	c, err := ipc.New(l, ours, o)
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil { // The test failed.
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	return c, cmd
}

func rawJSON(s string) json.RawMessage { return json.RawMessage(s) }

// journal also notes the events of channels.
type journal struct{ record.Journal }

// watch notes the events of c.
func (j *journal) watch(c *ipc.Channel) {
	c.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) })
	c.OnDisconnect(j.Note("disconnect"))
	c.OnError(func(err error) { j.Add("error: " + err.Error()) })
}

// peer is the other end of a channel: bytes and descriptors by hand. Its socket is in non-blocking
// mode.
type peer struct {
	t  testing.TB
	fd int
}

func (p *peer) close() {
	if p.fd >= 0 {
		require.NoError(p.t, unix.Close(p.fd))
		p.fd = -1
	}
}

// send writes s with fds, which the kernel must take at once.
func (p *peer) send(s string, fds ...int) {
	p.t.Helper()
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	n, err := unix.SendmsgN(p.fd, []byte(s), rights, nil, 0)
	require.NoError(p.t, err)
	require.Equal(p.t, len(s), n)
}

// trySend writes s and reports whether the kernel took it; it takes all of it or nothing.
func (p *peer) trySend(s string) bool {
	p.t.Helper()
	n, err := unix.Write(p.fd, []byte(s))
	if err == unix.EAGAIN {
		return false
	}
	require.NoError(p.t, err)
	require.Equal(p.t, len(s), n)
	return true
}

// read returns all bytes that have come, and whether the end has come.
func (p *peer) read() (s string, end bool) {
	p.t.Helper()
	buf := make([]byte, 1<<20)
	for {
		n, err := unix.Read(p.fd, buf)
		if err == unix.EAGAIN {
			return s, false
		}
		require.NoError(p.t, err)
		if n == 0 {
			return s, true
		}
		s += string(buf[:n])
	}
}

// readRights returns the bytes and descriptors of one recvmsg. The caller must close the
// descriptors.
func (p *peer) readRights() (s string, fds []int) {
	p.t.Helper()
	buf, oob := make([]byte, 1<<16), make([]byte, 4096)
	n, oobn, _, _, err := unix.Recvmsg(p.fd, buf, oob, 0)
	require.NoError(p.t, err)
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	require.NoError(p.t, err)
	for i := range messages {
		got, err := unix.ParseUnixRights(&messages[i])
		require.NoError(p.t, err)
		fds = append(fds, got...)
	}
	return string(buf[:n]), fds
}

// takeRights is readRights, and closes the descriptors with the test.
func (p *peer) takeRights() (s string, fds []int) {
	p.t.Helper()
	s, fds = p.readRights()
	for _, fd := range fds {
		p.t.Cleanup(func() { require.NoError(p.t, unix.Close(fd)) })
	}
	return s, fds
}
