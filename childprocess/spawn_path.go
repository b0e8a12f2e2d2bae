package childprocess

import (
	"io/fs"
	"math"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
)

// Path makes the descriptor a file that is opened when the child is started, as by [os.OpenFile].
// flag is os.O_RDONLY, O_WRONLY or O_RDWR, with O_CREATE, O_APPEND, O_TRUNC and others; perm, less
// the umask, is the mode of a created file. A relative name is relative to this program's
// directory, whatever Options.Dir is, and the file is opened as this program's user. Two slots with
// the same name overwrite each other's output, unless both append; use [SameAs] to share an open
// file.
//
// The file is opened after all other descriptors of the child, but before its program is looked up.
// So O_TRUNC empties it even if the program does not exist, as ">" does in a shell. If open(2)
// fails, the error is a *[SpawnError] with StepStdio and Path name.
//
// Opening does not block. A FIFO for writing without a reader is ENXIO; a FIFO for reading without
// a writer is at its end at once. A terminal does not become the controlling terminal. The child's
// descriptor is in blocking mode, unless flag has O_NONBLOCK.
func Path(name string, flag int, perm os.FileMode) Stdio {
	return Stdio{form: formPath, path: &pathStdio{name, flag, perm}}
}

// pathStdio has the arguments of a Path.
type pathStdio struct {
	name string
	flag int
	perm os.FileMode
}

// mistake returns the reason why p is invalid, or "".
func (p *pathStdio) mistake() string {
	switch {
	case p.name == "":
		return "is a Path without a name"
	case strings.IndexByte(p.name, 0) >= 0:
		return "is a Path whose name " + containsNUL
	case p.flag > math.MaxInt32: // The kernel would drop the upper half.
		return "is a Path with a flag that is out of range"
	case p.flag < 0 || p.flag&unix.O_ACCMODE > unix.O_RDWR:
		return "is a Path with a flag that is no access mode"
	case p.perm&^(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky) != 0:
		return "is a Path with a perm that is no permission"
	}
	return ""
}

// pathError says which file, or which option, made a slot fail.
type pathError struct {
	path string // of the file, or the option's name
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// open opens the file in non-blocking mode; the caller owns the descriptor. If descriptors are
// short, s gives up its own and the call that failed is repeated; s may be nil. After a success,
// open(2) is not repeated: with O_EXCL it would find the file.
func (p *pathStdio) open(s *process.Starter) (int, error) {
	mode := uint32(p.perm.Perm())
	for _, bit := range [...]struct {
		perm os.FileMode
		mode uint32
	}{{fs.ModeSetuid, unix.S_ISUID}, {fs.ModeSetgid, unix.S_ISGID}, {fs.ModeSticky, unix.S_ISVTX}} {
		if p.perm&bit.perm != 0 {
			mode |= bit.mode
		}
	}
	n, err := repeated(s, func() (int, error) {
		return unix.Open(p.name, p.flag|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, mode)
	})
	if err == nil && n < standardSlots { // This program has closed a standard descriptor.
		defer fd.Close(n)
		n, err = repeated(s, func() (int, error) { return fd.Duplicate(n, standardSlots) })
	}
	if err != nil {
		return -1, &pathError{p.name, err}
	}
	return n, nil
}

// repeated calls open until it succeeds, or fails for a reason that s cannot mend.
func repeated(s *process.Starter, open func() (int, error)) (n int, err error) {
	for {
		n, err = open()
		if err == syscall.EINTR || exhausted(err) && s != nil && s.Release() {
			continue
		}
		return n, err
	}
}

// openPath opens a file for the child, in blocking mode unless the flag says otherwise.
func (a *layout) openPath(p *pathStdio) (int, error) {
	n, err := p.open(a.starter)
	if err != nil {
		return 0, err
	}
	a.spare = append(a.spare, n)
	// Nothing else has this open file description yet, so its mode may be changed.
	if p.flag&unix.O_NONBLOCK == 0 {
		err = fd.SetNonblock(n, false)
	}
	return n, err
}
