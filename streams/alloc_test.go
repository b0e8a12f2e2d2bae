//go:build !race

package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/fdtest"
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
		rawWrite(t, in.FD, chunk)
		rawPoll(t, l)
	})
	require.Equal(t, (allocRuns+2)*len(chunk), bytes)
	in.Close()
	run(t, l)
}

func TestLineEventDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	r, in := readPipe(t, l, nil)
	lines := 0
	r.OnLine(func([]byte) { lines++ })
	half := []byte("one\r\ntwo\nthree and") // The rest comes with the next chunk.
	requireNoAllocs(t, func() {
		rawWrite(t, in.FD, half)
		rawPoll(t, l)
	})
	require.Equal(t, (allocRuns+2)*2, lines)
	in.Close()
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
		rawRead(t, out.FD, chunk)
	})
	requireNoAllocs(t, func() {
		if _, err := w.WriteString("text"); err != nil {
			require.NoError(t, err)
		}
		rawRead(t, out.FD, chunk[:4])
	})
	w.End()
	run(t, l)
}

func TestQueuedWriteDoesNotAllocate(t *testing.T) {
	l := newLoop(t)
	w, out := writePipe(t, l, nil)
	size := fdtest.Borrow(t, w.FD()).Fill()
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
		rawRead(t, out.FD, all)
		rawPoll(t, l) // The queue leaves.
		rawRead(t, out.FD, all[:10*len(small)])
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
				rawWrite(t, p.in.FD, chunk)
				rawPoll(t, l)
				rawRead(t, p.out.FD, chunk)
			})
			p.in.Close()
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
			if _, err := unix.Write(p.in.FD, big); err != nil {
				break
			}
			rawPoll(t, l)
		}
		for range 200 {
			if _, err := unix.Read(p.out.FD, got); err != nil {
				break
			}
			rawPoll(t, l)
		}
	})
	p.in.Close()
	drainUntilIdle(t, l, p.out)
	run(t, l)
}
