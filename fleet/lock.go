package fleet

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// A lock keeps other processes out of a directory, because two servers in one directory would store
// jobs under the same sequence numbers. The kernel releases it when the process ends in any way.
type lock struct{ file *os.File }

// lockDir locks dir by flock(2) on a file in it. If another process has the lock, the error wraps
// ErrLocked. The caller must release the lock.
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
		_ = file.Close() // It was opened only for the lock.
		return nil, &OpError{"lock", dir, err}
	}
	return &lock{file}, nil
}

func (l *lock) release() { _ = l.file.Close() } // The descriptor holds the lock.
