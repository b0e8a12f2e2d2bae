//go:build unix && !race

package childprocess_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// The race detector allocates memory of its own, so this file is not built with it.

// An echoing child is a cat on a loop of its own.
type echoing struct {
	t     testing.TB
	loop  *reactor.Loop
	child *childprocess.ChildProcess
	chunk []byte
	got   int
}

func startEcho(t testing.TB, size int) *echoing {
	t.Helper()
	l := newLoop(t)
	e := &echoing{t: t, loop: l, child: spawn(t, l, "cat", nil, nil), chunk: make([]byte, size)}
	e.child.Stdout.OnData(func(p []byte) { e.got += len(p) })
	return e
}

// roundTrip sends the chunk and waits until it has come back.
func (e *echoing) roundTrip() {
	e.got = 0
	_, err := e.child.Stdin.Write(e.chunk)
	for err == nil && e.got < len(e.chunk) {
		_, err = e.loop.Poll(-1)
	}
	if err != nil {
		require.NoError(e.t, err)
	}
}

func (e *echoing) finish() {
	e.child.Stdin.End()
	run(e.t, e.loop)
	status, ended := e.child.Status()
	require.True(e.t, ended)
	require.True(e.t, status.Success(), status)
}

// A chunk that goes through a running child allocates no memory.
func TestAChunkThroughAChildDoesNotAllocate(t *testing.T) {
	e := startEcho(t, 4096)
	for range 100 {
		e.roundTrip() // Queues grow to their size.
	}
	require.Zero(t, testing.AllocsPerRun(1000, e.roundTrip))
	e.finish()
}

// BenchmarkChunkThroughAChild sends 4 KiB to a cat and waits until they have come back.
func BenchmarkChunkThroughAChild(b *testing.B) {
	e := startEcho(b, 4096)
	b.SetBytes(int64(len(e.chunk)))
	b.ReportAllocs()
	for b.Loop() {
		e.roundTrip()
	}
	e.finish()
}

// BenchmarkKillToClose measures the time from the kill of a child to its close, without its start.
func BenchmarkKillToClose(b *testing.B) {
	l := newLoop(b)
	b.ReportAllocs()
	for range b.N {
		b.StopTimer()
		c := spawn(b, l, "sleep", []string{"1000"}, nil)
		b.StartTimer()
		_, err := c.Kill(syscall.SIGKILL)
		require.NoError(b, err)
		require.NoError(b, l.Run())
	}
}
