//go:build amd64 || arm64

package process

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// lowNumbers are descriptor numbers that were reserved early, when low ones were free, and that a
// start uses for the sources of a child's slots. The kernel copies the table of a new process up to
// the highest of these sources: with 12,000 descriptors open, a child whose pipes have the highest
// numbers takes seven times as long to start. Between starts each number holds /dev/null.
//
// It belongs to a Starter, and runs on the goroutine that starts.
type lowNumbers struct {
	fds   []int // owned, ascending; fds[0] always holds /dev/null, to refill the others from
	used  int   // fds[1] to fds[used] hold a source now; 0 between starts
	tried bool  // reserve or release was called
}

const (
	// reservedNumbers is how many slots a usual child has: the standard three and a channel.
	reservedNumbers = 4

	// nearEnough is how far above the reserved numbers a source may lie without being moved.
	// Copying one more descriptor costs some 40 ns; moving a source and refilling its number costs
	// 700 ns.
	nearEnough = 64
)

// reserve opens the numbers, on its first call. If descriptors are short it leaves fds empty.
func (b *lowNumbers) reserve() {
	if b.tried {
		return
	}
	b.tried = true
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer fd.Close(null)
	for range 1 + reservedNumbers {
		// Not 0 to 2: if this program has closed one of these, a child that inherits it must find
		// it closed.
		number, err := fd.Duplicate(null, 3)
		if err != nil {
			b.release()
			return
		}
		b.fds = append(b.fds, number)
	}
}

// release closes the numbers, for good, and reports whether there were any.
func (b *lowNumbers) release() bool {
	had := len(b.fds) > 0
	fd.Close(b.fds...)
	b.fds, b.tried = nil, true
	return had
}

// lower moves the sources in slots that lie high to the reserved numbers, if all of them can be
// moved and there are enough numbers. Otherwise it changes nothing.
func (b *lowNumbers) lower(slots []int) error {
	b.used = 0
	if len(b.fds) == 0 {
		return nil
	}
	limit := b.fds[len(b.fds)-1] + nearEnough
	high := 0
	for i, source := range slots {
		if source > limit && !slices.Contains(slots[:i], source) {
			if !movable(source) {
				return nil
			}
			high++
		}
	}
	if high > reservedNumbers {
		return nil
	}
	for i, source := range slots {
		if source <= limit {
			continue
		}
		b.used++
		to := b.fds[b.used]
		if err := unix.Dup3(source, to, unix.O_CLOEXEC); err != nil {
			return err
		}
		for j := i; j < len(slots); j++ {
			if slots[j] == source {
				slots[j] = to
			}
		}
	}
	return nil
}

// The major numbers of pseudo-terminals, see the kernel's Documentation/admin-guide/devices.txt.
const (
	firstSlave = 136
	lastSlave  = 143
)

// movable reports whether a descriptor is a pipe, a socket, a pseudo-terminal or /dev/null, so that
// closing a copy of it has no consequences. Closing a copy of a file would drop this program's
// record locks on it (fcntl_locking(2)), and some file systems get a notice of each close.
func movable(source int) bool {
	var st unix.Stat_t
	if unix.Fstat(source, &st) != nil {
		return false // The child will report that.
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO, unix.S_IFSOCK:
		return true
	case unix.S_IFCHR:
		major := unix.Major(st.Rdev)
		return st.Rdev == unix.Mkdev(1, 3) || major >= firstSlave && major <= lastSlave
	}
	return false
}

// refill makes the used numbers hold /dev/null again.
func (b *lowNumbers) refill() {
	for ; b.used > 0; b.used-- {
		// It replaces a descriptor, so there is always room.
		_ = unix.Dup3(b.fds[0], b.fds[b.used], unix.O_CLOEXEC)
	}
}

// numbersLimit returns a number above every descriptor that this process can have.
func numbersLimit() int {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || limit.Cur > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(limit.Cur)
}
