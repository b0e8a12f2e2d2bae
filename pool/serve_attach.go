package pool

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

// Each platform supplies:
//
//	attachBy                           the member attach of this worker's ready message; "": it takes no attachments
//	mapFile(f, n) ([]byte, error)      maps the first n bytes of f, which it borrows and which has at least n. Touching
//	                                   the memory cannot fail, whatever the parent does with f later
//	unmap(p)                           undoes mapFile
//	memoryFile(p) (*os.File, error)    makes a file of memory that cannot change, with the bytes that p writes; the
//	                                   caller must Close it

var errNoAttachment = errors.New("no descriptor came with the message")

// incoming is the attachment of a job: first a file, then mapped memory. The zero value is none. It
// owns both, and release gives them back.
type incoming struct {
	file *os.File
	size uint64 // bytes, as announced
	data []byte
}

// receiveAttachment takes the attachment that came with m. size is the member attach. After an
// error the handle is closed.
func receiveAttachment(m *ipc.Message, size []byte) (in incoming, err error) {
	n, ok := number(size)
	switch h := m.Handle(); {
	case !ok:
		err = errNoSize
	case h == nil:
		err = errNoAttachment
	default:
		in.size = n
		in.file, err = h.File()
	}
	if err != nil {
		if h := m.Handle(); h != nil {
			_ = h.Close()
		}
		return incoming{}, attachError(err)
	}
	return in, nil
}

var errNoSize = errors.New("its size is no number of bytes")

func attachError(err error) error { return &codedError{codeAttach, fmt.Errorf("attachment: %w", err)} }

// open maps the file. It may take a while if the file has to be copied, so it runs where the
// handler does.
func (in *incoming) open() error {
	if in.file == nil {
		return nil
	}
	defer func() { // The mapping stays.
		closeFile(in.file)
		in.file = nil
	}()
	info, err := in.file.Stat()
	switch {
	case err != nil:
	case !info.Mode().IsRegular():
		err = fmt.Errorf("the descriptor is no file: %s", info.Mode().Type())
	case in.size > uint64(info.Size()):
		err = fmt.Errorf("%d bytes are announced, and %d came", in.size, info.Size())
	default:
		in.data, err = mapFile(in.file, int(in.size))
	}
	if err != nil {
		return attachError(err)
	}
	return nil
}

// release unmaps the memory and closes the file.
func (in *incoming) release() {
	closeFile(in.file)
	if in.data != nil {
		unmap(in.data)
	}
	*in = incoming{}
}

// readFile is mapFile for a file that its sender may still change or shorten: it copies the bytes.
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
