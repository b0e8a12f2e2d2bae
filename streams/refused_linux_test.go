package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/streams"
)

func TestWhereSpliceIsRefusedAPipeCopies(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_SPLICE))
		p := newPiping(t, newLoop(t), nil)
		p.r.OnError(func(err error) { require.NoError(t, err) })
		p.w.OnError(func(err error) { require.NoError(t, err) })
		p.r.Pipe(p.w, nil)
		want := pattern(1 << 20)
		feedStream(t, p.l, p.in, want)
		got, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		requireSame(t, want, got)
		require.EqualValues(t, len(want), p.r.BytesRead())
		require.EqualValues(t, len(want), p.w.BytesWritten())
	})
}

// Bytes that were moved before the refusal come first, and none is lost.
func TestSpliceMayBeRefusedInTheMiddleOfAPipe(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		p := newPiping(t, newLoop(t), nil)
		p.r.OnError(func(err error) { require.NoError(t, err) })
		p.w.OnError(func(err error) { require.NoError(t, err) })
		p.r.Pipe(p.w, nil)
		want := pattern(1 << 20)
		feedStream(t, p.l, p.in, want)
		var got []byte
		for len(got) < len(want)/4 {
			poll(t, p.l)
			b, _ := p.out.Read()
			got = append(got, b...)
		}
		poll(t, p.l) // The destination is full, and its source waits for it.
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_SPLICE))
		rest, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		requireSame(t, want, append(got, rest...))
	})
}

// A description that others may have is read and written with RWF_NOWAIT where the kernel supports
// it.
func TestWhereNowaitIsRefusedStreamsReadAndWrite(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		l := newLoop(t)
		a, in := readPipe(t, l, nil)
		w, out := writePipe(t, l, nil)
		a.OnError(func(err error) { require.NoError(t, err) })
		w.OnError(func(err error) { require.NoError(t, err) })
		var j journal
		j.data(a)
		in.WriteString("before ")
		poll(t, l)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PREADV2), sandbox.Number(unix.SYS_PWRITEV2))
		in.WriteString("after")
		in.Close()
		write(t, w, pattern(1<<20))
		w.End()
		got, end := drainUntilIdle(t, l, out)
		require.True(t, end)
		requireSame(t, pattern(1<<20), got)
		j.Wants(t, "data:before  data:after")
	})
}

// A failure that does not come from the sandbox is an error event as ever.
func TestARefusalHidesNoFailureOfTheDescriptor(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		l := newLoop(t)
		file := openFile(t, t.TempDir(), unix.O_RDONLY)
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_PREADV2))
		r := newReadable(t, l, file, nil)
		var got error
		r.OnError(func(err error) { got = err })
		r.Resume()
		run(t, l)
		require.ErrorIs(t, got, unix.EISDIR)
	})
}

func TestWherePipesMayNotBeEnlargedTheyWorkAsTheyAre(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_FCNTL).With(1, unix.F_SETPIPE_SZ))
		p := newPiping(t, newLoop(t), nil)
		p.r.OnError(func(err error) { require.NoError(t, err) })
		p.w.OnError(func(err error) { require.NoError(t, err) })
		p.r.Pipe(p.w, nil)
		want := pattern(streams.BusyTraffic)
		feedStream(t, p.l, p.in, want)
		got, end := drainUntilIdle(t, p.l, p.out)
		require.True(t, end)
		requireSame(t, want, got)
		require.ErrorIs(t, fd.SetPipeSize(p.out.FD, streams.LargePipeSize), errno)
	})
}
