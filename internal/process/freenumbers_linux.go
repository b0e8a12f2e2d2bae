//go:build amd64 || arm64

package process

import (
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// acquireFree opens descriptors at the numbers to which sources in slots can be moved in the child.
// Because they are open in the parent, no descriptor that the child inherits has such a number.
func (e *equipment) acquireFree(slots []int) error {
	e.free = []int{}
	for i, source := range slots {
		if source < 0 || source >= i || slots[source] == source {
			continue
		}
		null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		n, err := fd.Duplicate(null, len(slots))
		fd.Close(null)
		if err != nil {
			return err
		}
		e.free = append(e.free, n)
	}
	return nil
}
