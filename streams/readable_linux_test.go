package streams_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The child has exited long before its output is read, a chunk at a time.
//
//brood:checks S029
func TestEverythingAnExitedChildWroteArrives(t *testing.T) {
	l := newLoop(t)
	out, stdout := pipe(t)
	if _, err := unix.FcntlInt(uintptr(out.FD), unix.F_SETPIPE_SZ, 512<<10); err != nil {
		t.Skipf("the child cannot exit before it is read: fcntl F_SETPIPE_SZ: %v", err)
	}
	var want []byte
	for i := range 50_000 {
		want = append(strconv.AppendInt(want, int64(i+1), 10), '\n')
	}
	require.Greater(t, len(want), 256<<10)
	require.Equal(t, "exit status 0", start(t, nil, stdout, "seq", "1", "50000").wait())

	r := newReadable(t, l, out, nil)
	var got bytes.Buffer
	chunks, ended := 0, 0
	r.OnData(func(p []byte) {
		require.Zero(t, ended)
		chunks++
		got.Write(p)
		r.Pause()
		l.SetImmediate(r.Resume)
	})
	r.OnEnd(func() { ended++ })
	run(t, l)
	requireSame(t, want, got.Bytes())
	require.Equal(t, 1, ended)
	require.Greater(t, chunks, 4)
}
