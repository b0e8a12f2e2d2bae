//go:build !linux

package signals

import (
	"errors"
	"fmt"
)

func mayDefault(Signal) error {
	return fmt.Errorf("its default, beside the Go runtime's: %w", errors.ErrUnsupported)
}

func setDefault(s Signal) error { return mayDefault(s) }

func unblock([]Signal) error { return nil }
