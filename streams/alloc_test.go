//go:build !race

package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The race detector allocates on its own account, so this file is not built with it.

const allocRuns = 1000

func requireNoAllocs(t *testing.T, fn func()) {
	t.Helper()
	fn() // The first call allocates memory that is kept.
	require.Zero(t, testing.AllocsPerRun(allocRuns, fn))
}

func TestDataEventDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	chunk := make([]byte, 4096)
	bytes := 0
	r.OnData(func(p []byte) { bytes += len(p) })
	requireNoAllocs(t, func() {
		rawWrite(t, in.fd, chunk)
		rawPoll(t, l)
	})
	require.Equal(t, (allocRuns+2)*len(chunk), bytes)
	in.close()
	run(t, l)
}

func TestLineEventDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	lines := 0
	r.OnLine(func([]byte) { lines++ })
	half := []byte("one\r\ntwo\nthree and") // The rest comes with the next chunk.
	requireNoAllocs(t, func() {
		rawWrite(t, in.fd, half)
		rawPoll(t, l)
	})
	require.Equal(t, (allocRuns+2)*2, lines)
	in.close()
	run(t, l)
}

func TestWriteDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	chunk := make([]byte, 4096)
	requireNoAllocs(t, func() {
		if _, err := w.Write(chunk); err != nil {
			require.NoError(t, err)
		}
		rawRead(t, out.fd, chunk)
	})
	requireNoAllocs(t, func() {
		if _, err := w.WriteString("text"); err != nil {
			require.NoError(t, err)
		}
		rawRead(t, out.fd, chunk[:4])
	})
	w.End()
	run(t, l)
}

func TestQueuedWriteDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	size := (&descriptor{t: t, fd: w.FD()}).fill()
	all := make([]byte, size)
	small := make([]byte, 100)
	drained := 0
	w.OnDrain(func() { drained++ })
	requireNoAllocs(t, func() {
		for range 10 {
			if _, err := w.Write(small); err != nil {
				require.NoError(t, err)
			}
		}
		rawRead(t, out.fd, all)
		rawPoll(t, l) // The queue leaves.
		rawRead(t, out.fd, all[:10*len(small)])
		rawWrite(t, w.FD(), all) // Full again.
	})
	require.Zero(t, w.Buffered())
	w.End()
	run(t, l)
}

func TestPipedChunkDoesNotAllocate(t *testing.T) {
	for name, listen := range routes {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPiping(t, l, nil)
			listen(p)
			p.r.Pipe(p.w, nil)
			chunk := make([]byte, 4096)
			requireNoAllocs(t, func() {
				rawWrite(t, p.in.fd, chunk)
				rawPoll(t, l)
				rawRead(t, p.out.fd, chunk)
			})
			p.in.close()
			run(t, l)
		})
	}
}

// Backpressure, which comes and goes with every chunk of a fast source, allocates nothing either.
func TestBackpressureDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	p := newPiping(t, l, nil)
	p.r.Pipe(p.w, nil)
	big := make([]byte, 32<<10)
	got := make([]byte, 2<<20)
	requireNoAllocs(t, func() {
		for range 200 { // Until both pipes are full, and then until both are empty.
			if _, err := unix.Write(p.in.fd, big); err != nil {
				break
			}
			rawPoll(t, l)
		}
		for range 200 {
			if _, err := unix.Read(p.out.fd, got); err != nil {
				break
			}
			rawPoll(t, l)
		}
	})
	p.in.close()
	drainUntilIdle(t, l, p.out)
	run(t, l)
}
