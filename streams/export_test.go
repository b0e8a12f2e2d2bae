package streams

import (
	"io"
	"testing"

	"github.com/brood-go/brood/reactor"
)

// What the tests of the package see of its inside, and no user does.

const (
	ReadBudget     = readBudget
	WriteBudget    = writeBudget
	ReadBufferSize = readBufferSize
	BlockSize      = blockSize
	BusyTraffic    = busyTraffic
	LargePipeSize  = largePipeSize
	MaxLargePipes  = maxLargePipes
)

// LargePipes returns how many pipes of the program are enlarged.
func LargePipes() int { return int(largePipeCount.Load()) }

// Poison has the read buffer of l cleared after each delivery, so that a slice that was kept shows.
func Poison(l *reactor.Loop) error {
	h, err := hubOf(l)
	if err == nil {
		h.poison = true
	}
	return err
}

// ReadBuffer returns the buffer into which every stream of l reads: bytes that are not in it did
// not come through the program.
func ReadBuffer(l *reactor.Loop) ([]byte, error) {
	h, err := hubOf(l)
	if err != nil {
		return nil, err
	}
	return h.readBuffer, nil
}

// HasLargeBuffer reports whether l has memory into which enlarged pipes are read.
func HasLargeBuffer(t testing.TB, l *reactor.Loop) bool {
	h, err := hubOf(l)
	if err != nil {
		t.Fatal(err)
	}
	return h.large.buffer != nil
}

// OpenDescriptors returns how many descriptors the streams of l have open.
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

// SpareBlocks returns how many blocks of write queues l keeps for reuse.
func SpareBlocks(l *reactor.Loop) (int, error) {
	h, err := hubOf(l)
	if err != nil {
		return 0, err
	}
	return len(h.spare), nil
}

// Pending is how many bytes a bridge holds that the stream has not taken.
func Pending(w io.WriteCloser) int {
	b := w.(*Writer)
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.pending)
}
