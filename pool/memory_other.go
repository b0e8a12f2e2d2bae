//go:build !linux

package pool

import (
	"errors"
	"fmt"

	"github.com/brood-go/brood/childprocess"
)

// hasProc reports whether this system has residentMemory and listens.
const hasProc = false

// parentDeathSignal is 0, because these systems have none. A worker exits when it sees the end of
// its channel.
const parentDeathSignal = childprocess.Signal(0)

func residentMemory(int, bool) (int64, error) {
	return 0, fmt.Errorf("memory of another process: %w", errors.ErrUnsupported)
}

func listens(int) (bool, error) {
	return false, fmt.Errorf("sockets of another process: %w", errors.ErrUnsupported)
}

// oomWatch cannot tell on these systems.
type oomWatch struct{}

func (*oomWatch) begin(string) {}

func (*oomWatch) verdict() error { return ErrPerhapsMemory }
