//go:build !linux

package signals

import (
	"errors"
	"fmt"
)

// refusalOfDefault refuses every signal, so setDefault is never called.
func refusalOfDefault(Signal) error {
	return fmt.Errorf("its default, beside the Go runtime's: %w", errors.ErrUnsupported)
}

func setDefault(s Signal) error { return refusalOfDefault(s) }

func unblock([]Signal) error { return nil }
