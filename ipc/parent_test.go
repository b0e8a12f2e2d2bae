package ipc_test

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// newParentChannel returns the channel of Parent for a socket and an environment with the given
// mode.
func newParentChannel(t *testing.T, l *reactor.Loop, mode string) (*ipc.Channel, *peer) {
	t.Helper()
	x, y := socketPair(t)
	require.NoError(t, unix.SetNonblock(y, true))
	p := &peer{t: t, fd: y}
	t.Cleanup(p.close)
	setChannel(t, strconv.Itoa(x), mode)
	c, err := ipc.Parent(l)
	require.NoError(t, err)
	return c, p
}

func setChannel(t *testing.T, fd, mode string) {
	t.Setenv("NODE_CHANNEL_FD", fd) // Setenv restores it at the end of the test.
	t.Setenv("NODE_CHANNEL_SERIALIZATION_MODE", mode)
}

//brood:checks S070
func TestParentTakesTheChannelOutOfTheEnvironment(t *testing.T) {
	l := newLoop(t)
	x, y := socketPair(t)
	p := &peer{t: t, fd: y}
	t.Cleanup(p.close)
	flags, err := unix.FcntlInt(uintptr(x), unix.F_SETFD, 0)
	require.NoError(t, err, flags)
	setChannel(t, strconv.Itoa(x), "json")
	c, err := ipc.Parent(l)
	require.NoError(t, err)
	for _, entry := range os.Environ() {
		require.False(t, strings.HasPrefix(entry, "NODE_CHANNEL_"), entry)
	}
	require.Equal(t, x, c.FD())
	flags, err = unix.FcntlInt(uintptr(x), unix.F_GETFD, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.FD_CLOEXEC)
	flags, err = unix.FcntlInt(uintptr(x), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.O_NONBLOCK, "it came in blocking mode")

	again, err := ipc.Parent(l)
	require.NoError(t, err)
	require.Same(t, c, again)
	_, err = ipc.Parent(newLoop(t))
	require.ErrorIs(t, err, ipc.ErrNoParent)

	var j journal
	j.watch(c)
	require.NoError(t, c.Send("up"))
	p.send("\"down\"\n")
	poll(t, l)
	p.close()
	run(t, l)
	require.Equal(t, []string{`"down"`, "disconnect"}, j.Entries)
}

func TestParentWithoutAChannel(t *testing.T) {
	l := newLoop(t)
	t.Setenv("NODE_CHANNEL_FD", "3") // Setenv restores it at the end of the test.
	for _, set := range []bool{false, true} {
		require.NoError(t, os.Unsetenv("NODE_CHANNEL_FD"))
		if set {
			require.NoError(t, os.Setenv("NODE_CHANNEL_FD", ""))
		}
		_, err := ipc.Parent(l)
		require.ErrorIs(t, err, ipc.ErrNoParent)
	}
}

//brood:checks S070
func TestABogusChannelIsAClearErrorAndNothingIsClosed(t *testing.T) {
	leakcheck.NoNewFDs(t)
	file, err := os.Open(os.Args[0])
	require.NoError(t, err)
	defer file.Close()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	require.NoError(t, err)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	for _, c := range []struct {
		fd, mode string
		want     error
	}{
		{"x", "", strconv.ErrSyntax},
		{"-1", "", strconv.ErrSyntax},
		{"99999999999999999999", "", strconv.ErrRange},
		{"4294967299", "", strconv.ErrRange},
		{"987654", "", syscall.EBADF},
		{strconv.Itoa(int(file.Fd())), "", syscall.ENOTSOCK},
		{strconv.Itoa(pair[0]), "", syscall.EPROTOTYPE},
		{"3", "msgpack", syscall.ENOTSUP},
	} {
		t.Run(c.fd+" "+c.mode, func(t *testing.T) {
			l := newLoop(t)
			setChannel(t, c.fd, c.mode)
			_, err := ipc.Parent(l)
			var e *ipc.EnvError
			require.ErrorAs(t, err, &e)
			if c.mode == "" {
				require.Equal(t, "NODE_CHANNEL_FD", e.Name)
				require.Equal(t, c.fd, e.Value)
				require.ErrorIs(t, err, c.want)
			} else {
				require.Equal(t, "NODE_CHANNEL_SERIALIZATION_MODE", e.Name)
			}
			_, set := os.LookupEnv("NODE_CHANNEL_FD")
			require.False(t, set, "grandchildren must not see it either")
			_, err = file.Stat()
			require.NoError(t, err)
			_, err = ipc.Parent(l)
			require.ErrorIs(t, err, ipc.ErrNoParent)
		})
	}
}

func TestNewTakesOwnershipAlsoOnError(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	defer w.Close()
	fd, err := unix.FcntlInt(w.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	require.NoError(t, err)
	_, err = ipc.New(l, fd, nil)
	var e *ipc.ChannelError
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, syscall.ENOTSOCK)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
	require.ErrorIs(t, err, syscall.EBADF)
	_, err = ipc.New(nil, -1, nil)
	require.Error(t, err)
	_, err = ipc.New(l, -1, nil)
	require.ErrorIs(t, err, syscall.EBADF)
}
