package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each iteration also does the work of the other process, on the same thread: the numbers include
// its system calls, but no switch between processes.

// BenchmarkReadThroughput64K reads chunks of a pipe's capacity.
func BenchmarkReadThroughput64K(b *testing.B) {
	l := newLoop(b)
	r, in := readPipe(b, l, nil)
	got := 0
	r.OnData(func(p []byte) { got += len(p) })
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		rawWrite(b, in.FD, chunk)
		rawPoll(b, l)
		n++
	}
	require.Equal(b, n*len(chunk), got)
	in.Close()
	run(b, l)
}

// BenchmarkReadFloor64K is ReadThroughput64K by raw system calls.
func BenchmarkReadFloor64K(b *testing.B) {
	r, w := pipe(b)
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	for b.Loop() {
		rawWrite(b, w.FD, chunk)
		rawRead(b, r.FD, chunk)
	}
}

func benchmarkPipe(b *testing.B, listen func(*piping)) {
	l := newLoop(b)
	p := newPiping(b, l, nil)
	listen(p)
	p.r.Pipe(p.w, nil)
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		rawWrite(b, p.in.FD, chunk)
		rawPoll(b, l)
		rawRead(b, p.out.FD, chunk)
	}
	p.in.Close()
	run(b, l)
}

// BenchmarkPipeCopy pipes with a listener, so that the bytes come through the program.
func BenchmarkPipeCopy(b *testing.B) { benchmarkPipe(b, routes["copied"]) }

// BenchmarkPipeSplice pipes with splice(2) where the system has it.
func BenchmarkPipeSplice(b *testing.B) { benchmarkPipe(b, routes["spliced"]) }

// BenchmarkWriteSmallQueued queues 64 small pieces behind a full pipe and lets them leave together.
func BenchmarkWriteSmallQueued(b *testing.B) {
	const pieces, size = 64, 16
	l := newLoop(b)
	w, out, n := fullPipe(b, l, nil)
	all := make([]byte, n)
	small := make([]byte, size)
	b.SetBytes(pieces * size)
	b.ReportAllocs()
	for b.Loop() {
		for range pieces {
			if _, err := w.Write(small); err != nil {
				require.NoError(b, err)
			}
		}
		rawRead(b, out.FD, all)
		rawPoll(b, l)
		rawRead(b, out.FD, all[:pieces*size])
		rawWrite(b, w.FD(), all)
	}
	w.End()
	run(b, l)
}

// BenchmarkLines splits chunks of short lines.
func BenchmarkLines(b *testing.B) {
	l := newLoop(b)
	r, in := readPipe(b, l, nil)
	lines := 0
	r.OnLine(func([]byte) { lines++ })
	chunk := make([]byte, 64<<10)
	for i := range chunk {
		if chunk[i] = 'x'; i%64 == 63 {
			chunk[i] = '\n'
		}
	}
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		rawWrite(b, in.FD, chunk)
		rawPoll(b, l)
		n++
	}
	require.Equal(b, n*1024, lines)
	in.Close()
	run(b, l)
}
