//go:build !linux

package pool

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/childprocess"
)

// hasProc says that residentMemory and listens are not there.
const hasProc = false

// parentDeathSignal: on these systems a worker sees the end of its channel.
const parentDeathSignal = childprocess.Signal(0)

func residentMemory(int, bool) (int64, error) {
	return 0, fmt.Errorf("memory of another process: %w", errors.ErrUnsupported)
}

func listens(int) (bool, error) {
	return false, fmt.Errorf("sockets of another process: %w", errors.ErrUnsupported)
}

// oomWatch knows nothing on these systems.
type oomWatch struct{}

func (*oomWatch) begin(string) {}

func (*oomWatch) verdict() error { return ErrPerhapsMemory }
