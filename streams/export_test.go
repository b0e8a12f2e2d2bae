package streams

import (
	"io"
	"testing"

	"github.com/brood-go/brood/reactor"
)

// This file exports internals to the tests of the package.

const (
	ReadBudget     = readBudget
	WriteBudget    = writeBudget
	ReadBufferSize = readBufferSize
	BlockSize      = blockSize
	BusyTraffic    = busyTraffic
	LargePipeSize  = largePipeSize
	MaxLargePipes  = maxLargePipes
)

// LargePipes returns the number of enlarged pipes of the program.
func LargePipes() int { return int(largePipeCount.Load()) }

// Poison makes l clear its read buffer after each delivery, so that a test sees a slice that was
// kept.
func Poison(l *reactor.Loop) error {
	h, err := hubOf(l)
	if err == nil {
		h.poison = true
	}
	return err
}

// ReadBuffer returns the buffer into which the streams of l read. Bytes that are not in it did not
// come through the program.
func ReadBuffer(l *reactor.Loop) ([]byte, error) {
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	return h.readBuffer, nil
}

// HasLargeBuffer reports whether l has the buffer of enlarged pipes.
func HasLargeBuffer(t testing.TB, l *reactor.Loop) bool {
	h, err := hubOf(l)
	if err != nil {
		t.Fatal(err)
	}
	return h.large.buffer != nil
}

// OpenDescriptors returns the number of descriptors that the streams of l have open.
func OpenDescriptors(l *reactor.Loop) (n int, err error) {
	h, err := hubOf(l)
	if err != nil {
		return 0, err
	}
	for d := h.descriptors.first; d != nil; d = d.next {
		n++
	}
	return n, nil
}

// SpareBlocks returns the number of blocks that l keeps for write queues.
func SpareBlocks(l *reactor.Loop) (int, error) {
	h, err := hubOf(l)
	if err != nil {
		return 0, err
	}
	return len(h.spare), nil
}

// Pending returns the number of bytes that a bridge holds and the stream has not taken.
func Pending(w io.WriteCloser) int {
	b := w.(*Writer)
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}
