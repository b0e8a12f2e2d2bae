//go:build !linux

package pool

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

const attachBy = ""

func mapFile(f *os.File, n int) ([]byte, error) { return readFile(f, n) }

func unmap(p []byte) { _ = unix.Munmap(p) }

func memoryFile(io.WriterTo) (*os.File, error) {
	return nil, fmt.Errorf("attachments on this system: %w", errors.ErrUnsupported)
}
