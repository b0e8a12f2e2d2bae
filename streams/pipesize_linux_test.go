package streams_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func pipeSize(t testing.TB, n int) int {
	t.Helper()
	size, err := fd.PipeSize(n)
	require.NoError(t, err)
	return size
}

// busyRounds is how often the 64 KiB of a pipe are moved to make it a busy one.
const busyRounds = 2*streams.BusyTraffic/(64<<10) + 10

// keepBusy moves many bytes through the pipe with this writing end.
func keepBusy(t testing.TB, l *reactor.Loop, w *descriptor) {
	t.Helper()
	for range busyRounds {
		w.Fill()
		poll(t, l)
	}
}

// needLargePipes skips a test if the user has too many pipes already to enlarge one.
func needLargePipes(t testing.TB) {
	t.Helper()
	_, w := pipe(t)
	if err := fd.SetPipeSize(w.FD, streams.LargePipeSize); err != nil {
		t.Skipf("pipes are not enlarged here: %v", err)
	}
}

func TestBusyPipeIsEnlargedAndGivenBack(t *testing.T) {
	needLargePipes(t)
	for name, end := range map[string]func(l *reactor.Loop, r *streams.Readable, w *descriptor){
		"destroyed": func(_ *reactor.Loop, r *streams.Readable, _ *descriptor) { r.Destroy(nil) },
		"loop closed": func(l *reactor.Loop, r *streams.Readable, _ *descriptor) {
			r.Pause()
			require.NoError(t, l.Close())
		},
		"idle": func(l *reactor.Loop, r *streams.Readable, w *descriptor) {
			w.WriteString("little")
			for pipeSize(t, w.FD) == streams.LargePipeSize {
				_, err := l.Poll(time.Minute) // The timer wakes it.
				require.NoError(t, err)
			}
			require.False(t, r.Closed())
			r.Destroy(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			r, w := readPipe(t, l, nil)
			before := pipeSize(t, w.FD)
			r.Resume()
			for range 1000 {
				w.WriteString("little")
				poll(t, l)
			}
			for range streams.BusyTraffic / before {
				w.Fill() // Much, but not for long.
				poll(t, l)
			}
			require.Equal(t, before, pipeSize(t, w.FD))
			keepBusy(t, l, w)
			require.Equal(t, streams.LargePipeSize, pipeSize(t, w.FD))
			end(l, r, w)
			require.Equal(t, before, pipeSize(t, w.FD))
			if name != "loop closed" {
				run(t, l)
			}
			require.Zero(t, streams.LargePipes())
		})
	}
}

// Splicing enlarges both pipes.
func TestBusySplicedPipesAreEnlarged(t *testing.T) {
	needLargePipes(t)
	l := newLoop(t)
	p := newPiping(t, l, nil)
	before := pipeSize(t, p.in.FD)
	p.r.Pipe(p.w, nil)
	for range busyRounds {
		p.in.Fill()
		poll(t, l)
		p.out.ReadAll()
	}
	require.Equal(t, streams.LargePipeSize, pipeSize(t, p.in.FD))
	require.Equal(t, streams.LargePipeSize, pipeSize(t, p.out.FD))
	p.r.Destroy(nil)
	drainUntilIdle(t, l, p.out)
	run(t, l)
	require.Equal(t, before, pipeSize(t, p.in.FD))
	require.Equal(t, before, pipeSize(t, p.out.FD))
}

// However many pipes are busy, on however many loops, the program takes a small part of the user's
// limit.
func TestFewPipesAreEnlarged(t *testing.T) {
	needLargePipes(t)
	var writers []*descriptor
	var readers []*streams.Readable
	loops := []*reactor.Loop{newLoop(t), newLoop(t)}
	for _, l := range loops {
		for range streams.MaxLargePipes/2 + 2 {
			r, w := readPipe(t, l, nil)
			r.Resume()
			keepBusy(t, l, w)
			writers = append(writers, w)
			readers = append(readers, r)
		}
	}
	large := 0
	for _, w := range writers {
		size := pipeSize(t, w.FD)
		require.LessOrEqual(t, size, streams.LargePipeSize)
		if size == streams.LargePipeSize {
			large++
		}
	}
	require.Equal(t, large, streams.LargePipes())
	require.Positive(t, large)
	require.LessOrEqual(t, large, streams.MaxLargePipes)
	for _, r := range readers {
		r.Destroy(nil)
	}
	for _, l := range loops {
		run(t, l)
	}
	require.Zero(t, streams.LargePipes())
}

// A pipe that its owner has enlarged stays as it is.
func TestPipeThatIsLargeStaysSo(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	if err := fd.SetPipeSize(w.FD, 2*streams.LargePipeSize); err != nil {
		t.Skipf("pipes are not enlarged here: %v", err)
	}
	r.Resume()
	keepBusy(t, l, w)
	require.Equal(t, 2*streams.LargePipeSize, pipeSize(t, w.FD))
	r.Destroy(nil)
	run(t, l)
	require.Equal(t, 2*streams.LargePipeSize, pipeSize(t, w.FD))
}

// One read takes everything that an enlarged pipe holds. The memory for that is dropped some time
// after the last such pipe.
func TestEnlargedPipeIsReadInOnePiece(t *testing.T) {
	needLargePipes(t)
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	longest := 0
	r.OnData(func(p []byte) { longest = max(longest, len(p)) })
	keepBusy(t, l, w)
	require.Equal(t, streams.LargePipeSize, pipeSize(t, w.FD))
	require.Equal(t, streams.LargePipeSize, w.Fill())
	poll(t, l)
	require.Equal(t, streams.LargePipeSize, longest)

	small, in := readPipe(t, l, nil)
	small.OnData(func(p []byte) { require.LessOrEqual(t, len(p), streams.ReadBufferSize) })
	in.Fill()
	poll(t, l)

	require.True(t, streams.HasLargeBuffer(t, l))
	r.Destroy(nil)
	for streams.HasLargeBuffer(t, l) {
		_, err := l.Poll(time.Minute) // The timer wakes it.
		require.NoError(t, err)
	}
	small.Destroy(nil)
	run(t, l)
}

// However much a pipe holds, the loop reads no more of it in a turn than of other pipes.
func TestLargeReadsCountAsSeveral(t *testing.T) {
	needLargePipes(t)
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	turn := 0
	r.OnData(func(p []byte) {
		turn += len(p)
		w.Fill()
	})
	keepBusy(t, l, w)
	require.Equal(t, streams.LargePipeSize, pipeSize(t, w.FD))
	turn = 0
	poll(t, l)
	require.Equal(t, streams.ReadBudget*streams.ReadBufferSize, turn)
	r.Destroy(nil)
	run(t, l)
}
