package pool

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

// What a platform supplies:
//
//	attachBy                                how this worker takes attachments, as ready says it; "": not at all
//	mapFile(f, n) ([]byte, error)           n bytes of f, which is the caller's, as memory of this process; f is as long as
//	                                        that. Whatever the parent does with f afterwards, touching it cannot fail
//	unmap(p)                                undoes mapFile
//	memoryFile(p) (*os.File, error)         a file of memory with p in it that nobody can change

var errNoAttachment = errors.New("no descriptor came with the message")

// receiveAttachment returns the attachment of n bytes (JSON) that h is. The caller must releaseAttachment it.
func receiveAttachment(h *ipc.Handle, n []byte) ([]byte, error) {
	p, err := openAttachment(h, n)
	if err != nil {
		return nil, &codedError{codeAttach, fmt.Errorf("attachment: %w", err)}
	}
	return p, nil
}

func openAttachment(h *ipc.Handle, n []byte) ([]byte, error) {
	if h == nil {
		return nil, errNoAttachment
	}
	defer h.Close() // Nothing, once it is a file.
	f, err := h.File()
	if err != nil {
		return nil, err
	}
	defer f.Close() // The memory stays mapped.
	size, ok := number(n)
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("the descriptor is no file: %s", info.Mode().Type())
	case !ok || size > uint64(info.Size()):
		return nil, fmt.Errorf("%s bytes are announced, and %d came", n, info.Size())
	case size == 0:
		return nil, nil
	}
	return mapFile(f, int(size))
}

// releaseAttachment ends the use of an attachment, if there is one.
func releaseAttachment(p []byte) {
	if p != nil {
		unmap(p)
	}
}

// readFile is mapFile for a file that its sender may still change or cut short.
func readFile(f *os.File, n int) ([]byte, error) {
	p, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	if _, err := f.ReadAt(p, 0); err != nil {
		unmap(p)
		return nil, err
	}
	return p, nil
}
