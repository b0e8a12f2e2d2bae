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
//	memoryFile(p) (*os.File, error)         a file of memory that nobody can change, with what p has to write in it

var errNoAttachment = errors.New("no descriptor came with the message")

// incoming is the attachment of a job: a file, then memory, then nothing. The zero value is none.
type incoming struct {
	file *os.File
	size uint64 // bytes, as announced
	data []byte
}

// receiveAttachment takes the attachment of size bytes (JSON) that came with m.
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

// open makes memory of the file. That may take a while, where the file is not memory already.
func (in *incoming) open() error {
	if in.file == nil {
		return nil
	}
	defer func() { // The memory stays mapped.
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

// release ends the use of the attachment.
func (in *incoming) release() {
	closeFile(in.file)
	if in.data != nil {
		unmap(in.data)
	}
	*in = incoming{}
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
