//go:build !linux

package pool

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/childprocess"
)

// hasMemory says that residentMemory is not there.
const hasMemory = false

// parentDeathSignal: on these systems a worker sees the end of its channel.
const parentDeathSignal = childprocess.Signal(0)

func residentMemory(int, bool) (int64, error) {
	return 0, fmt.Errorf("memory of another process: %w", errors.ErrUnsupported)
}

// oomWatch knows nothing on these systems.
type oomWatch struct{}

func (*oomWatch) begin(string) {}

func (*oomWatch) verdict() error { return ErrPerhapsMemory }
