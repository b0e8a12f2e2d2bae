package host

import "github.com/brood-go/brood/script/engine"

// fileStatus has the numbers and times of a file, in the order of the library's Stats. Times are
// nanoseconds.
type fileStatus struct {
	numbers [statusNumbers]int64
	times   [statusTimes]int64 // of the last read, write and change, and of the creation
	big     bool
}

const (
	statusNumbers = 10 // dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks
	statusTimes   = 4
)

func readStatus(big bool, fill func(*fileStatus) error) (any, error) {
	s := &fileStatus{big: big}
	return s, retry(func() error { return fill(s) })
}

// value returns an array: the numbers, then seconds and nanoseconds of each time; BigInts if big is
// set.
func (f *fileStatus) value(s *engine.Scope) engine.Value {
	all := make([]engine.Value, 0, statusNumbers+2*statusTimes)
	number := s.Int
	if f.big {
		number = s.BigInt
	}
	for _, n := range f.numbers {
		all = append(all, number(n))
	}
	const second = 1_000_000_000
	for _, t := range f.times {
		all = append(all, number(t/second), number(t%second))
	}
	return s.Array(all...)
}
