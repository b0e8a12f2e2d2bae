package childprocess_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// fill writes the number of bytes in its argument to stdout, in one call, and the result of the
	// call to stderr.
	helperproc.Register("fill", func(args []string) {
		n, err := unix.Write(1, bytes.Repeat([]byte{'x'}, check(strconv.Atoi(args[0]))))
		fmt.Fprint(os.Stderr, n, err)
	})
}

//brood:checks S024
func TestLargeWriteCompletesThoughTheParentReadsLate(t *testing.T) {
	const size = 1 << 20
	l := newLoop(t)
	c := start(t, l, "fill", strconv.Itoa(size))
	ev := events(c)
	fd := c.Stdout.FD()
	capacity, err := unix.FcntlInt(uintptr(fd), unix.F_GETPIPE_SZ, 0)
	require.NoError(t, err)
	require.Less(t, capacity, size)
	// look waits until the pipe is full, so the child waits in its call.
	var look func()
	look = func() {
		n, err := unix.IoctlGetInt(fd, unix.TIOCINQ)
		require.NoError(t, err)
		if n < capacity {
			l.SetImmediate(look)
			return
		}
		require.Zero(t, c.Stdout.BytesRead())
		c.Stdout.Resume()
	}
	l.SetImmediate(look)
	text := collect(t, c.Stderr)
	run(t, l)
	require.Equal(t, fmt.Sprint(size, nil), *text)
	require.EqualValues(t, size, c.Stdout.BytesRead())
	require.True(t, ev.status.Success())
}
