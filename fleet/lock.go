package fleet

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A lock keeps other processes out of a directory. Two servers on one directory do not see each
// other: both would store jobs under the same sequence numbers. The kernel gives it back when the
// process ends, however that ends.
type lock struct{ file *os.File }

// lockDir takes the lock of dir, with flock(2) on a file in it. The error is ErrLocked when another
// has it.
func lockDir(dir string) (*lock, error) {
	path := filepath.Join(dir, "fleet.lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &OpError{"lock", dir, err}
	}
	for {
		raw, connErr := file.SyscallConn()
		err = connErr
		if err == nil {
			if controlErr := raw.Control(func(fd uintptr) { err = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB) }); controlErr != nil {
				err = controlErr
			}
		}
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.Join(ErrLocked, err)
	}
	if err != nil {
		_ = file.Close() // It was opened for the lock alone.
		return nil, &OpError{"lock", dir, err}
	}
	return &lock{file}, nil
}

func (l *lock) release() { _ = l.file.Close() } // The lock goes with the descriptor.
