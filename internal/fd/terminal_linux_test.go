package fd_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/fdtest"
)

// openTerminal returns both sides of a pseudo-terminal, in blocking mode.
func openTerminal() (master, slave int, err error) {
	master, err = unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, -1, err
	}
	if err = unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err == nil {
		var n uint32
		if n, err = unix.IoctlGetUint32(master, unix.TIOCGPTN); err == nil {
			slave, err = unix.Open("/dev/pts/"+strconv.Itoa(int(n)), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		}
	}
	if err != nil {
		fd.Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}

func terminal(t *testing.T) (master, slave int) {
	t.Helper()
	master, slave, err := openTerminal()
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { fd.Close(master, slave) })
	return master, slave
}

func TestTerminalsAndMastersAreRecognized(t *testing.T) {
	master, slave := terminal(t)
	r, _ := openPair(t, fd.Pipe)
	null, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer fd.Close(null)
	for n, want := range map[int][2]bool{master: {true, true}, slave: {true, false}, r: {false, false}, null: {false, false}, -1: {false, false}} {
		require.Equal(t, want, [2]bool{fd.IsTerminal(n), fd.IsMaster(n)}, n)
	}
}

// fifo returns both ends of a named pipe.
func fifo(t *testing.T) (r, w int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, unix.Mkfifo(path, 0o600))
	r, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	w, err = unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { fd.Close(r, w) })
	return r, w
}

func TestReopenedIsTheSameWithAModeOfItsOwn(t *testing.T) {
	_, slave := terminal(t)
	r, w := openPair(t, fd.Pipe)
	named, namedW := fifo(t)
	for name, n := range map[string]int{"terminal": slave, "reading end": r, "writing end": w, "FIFO": named, "FIFO's writing end": namedW} {
		for _, was := range []bool{false, true} {
			for _, is := range []bool{false, true} {
				require.NoError(t, fd.SetNonblock(n, was))
				again, err := fd.Reopen(n, is)
				require.NoError(t, err, name)
				require.True(t, sameFile(t, n, again))
				require.True(t, closeOnExec(t, again))
				require.Equal(t, was, nonblocking(t, n), "%s: what others have stays", name)
				require.Equal(t, is, nonblocking(t, again), name)
				require.NoError(t, fd.SetNonblock(again, !is))
				require.Equal(t, was, nonblocking(t, n), name)
				flags := func(n int) int {
					flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
					require.NoError(t, err)
					return flags & (unix.O_ACCMODE | unix.O_APPEND | unix.O_DIRECT)
				}
				require.Equal(t, flags(n), flags(again))
				fd.Close(again)
			}
		}
	}
}

// O_DIRECT, which makes a pipe one of packets, belongs to the description, too.
func TestReopenedPipeKeepsItsFlags(t *testing.T) {
	var p [2]int
	require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_DIRECT))
	defer fd.Close(p[:]...)
	again, err := fd.Reopen(p[1], true)
	require.NoError(t, err)
	defer fd.Close(again)
	flags, err := unix.FcntlInt(uintptr(again), unix.F_GETFL, 0)
	require.NoError(t, err)
	require.NotZero(t, flags&unix.O_DIRECT)
}

func TestReopenRefusesDescriptorsThatCannotBeOpenedAgain(t *testing.T) {
	master, _ := terminal(t)
	socket, _ := openPair(t, fd.SocketPair)
	file, err := unix.Open(filepath.Join(t.TempDir(), "file"), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
	require.NoError(t, err)
	event, err := fd.Eventfd()
	require.NoError(t, err)
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer fd.Close(file, event, null)
	// A reader that opens it now would not get the hang-up.
	deserted, w := fifo(t)
	require.NoError(t, unix.Close(w))
	_, err = fd.Duplicate(null, w) // The number is closed once more with the test.
	require.NoError(t, err)
	for name, n := range map[string]int{
		"master": master, "socket": socket, "file": file, "eventfd": event, "null device": null, "FIFO without a writer": deserted,
	} {
		again, err := fd.Reopen(n, true)
		require.Equal(t, unix.EOPNOTSUPP, err, name)
		require.Negative(t, again)
		require.True(t, fdtest.IsOpen(n), name)
	}
	_, err = fd.Reopen(-1, true)
	require.Equal(t, unix.EBADF, err)
}

func TestReplaceGivesTheNumberToAnother(t *testing.T) {
	r, w := openPair(t, fd.Pipe)
	other, err := fd.Reopen(w, true)
	require.NoError(t, err)
	n, err := fd.Duplicate(r, 0)
	require.NoError(t, err)
	defer fd.Close(n)
	require.NoError(t, fd.Replace(n, other))
	require.False(t, fdtest.IsOpen(other))
	require.True(t, closeOnExec(t, n))
	_, err = fd.Write(n, []byte("text"))
	require.NoError(t, err)
	require.Equal(t, unix.EBADF, fd.Replace(n, -1))
	require.True(t, fdtest.IsOpen(n))
}

func TestLingersReportsWhetherCloseMayWait(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	require.False(t, fd.Lingers(a))
	linger := func(l unix.Linger) {
		require.NoError(t, unix.SetsockoptLinger(a, unix.SOL_SOCKET, unix.SO_LINGER, &l))
	}
	linger(unix.Linger{Onoff: 1, Linger: 4})
	require.True(t, fd.Lingers(a))
	require.False(t, fd.Lingers(b))
	linger(unix.Linger{Onoff: 1})
	require.False(t, fd.Lingers(a), "a reset does not wait")
	r, _ := openPair(t, fd.Pipe)
	require.False(t, fd.Lingers(r))
}
