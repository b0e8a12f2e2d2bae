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

// Path gives the child a file that is opened for it when it is started, as by [os.OpenFile]: flag
// has os.O_RDONLY, O_WRONLY or O_RDWR, and O_CREATE, O_APPEND, O_TRUNC and others; perm, less the
// umask, is the mode of a file that is created. A relative name is looked up from this program's
// directory, whatever Options.Dir is, and by this program's user. Slots with the same name have
// open files of their own, which overwrite each other unless both append; for one that is shared
// use [SameAs].
//
// The file is opened last, after everything else that the child gets could be had, but before its
// program is looked for: as a shell's ">", O_TRUNC empties it also for a program that is not there.
// What open(2) refuses is a *[SpawnError] with StepStdio and the name as its Path. Opening waits
// for nobody: a FIFO to be written that nobody reads is ENXIO, and one to be read that nobody has
// open for writing is at its end at once. A terminal does not become the controlling one. The
// child's descriptor is in blocking mode, unless flag has O_NONBLOCK.
func Path(name string, flag int, perm os.FileMode) Stdio {
	return Stdio{form: formPath, path: &pathStdio{name, flag, perm}}
}

// pathStdio is what a Path says.
type pathStdio struct {
	name string
	flag int
	perm os.FileMode
}

// mistake says what is wrong with p, "" if nothing.
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

// pathError says what is to blame for the failure of a slot.
type pathError struct {
	path string // of a file, or the name of an option
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// open opens the file in non-blocking mode. When there are no descriptors left, s, unless it is
// nil, gives up its own; the file is opened once only, because a second time it could be there
// already.
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
	for {
		n, err := fd.Private(unix.Open(p.name, p.flag|unix.O_CLOEXEC|unix.O_NOCTTY|unix.O_NONBLOCK, mode))
		switch {
		case err == nil:
			return n, nil
		case err == syscall.EINTR:
		case exhausted(err) && s != nil && s.Release():
		default:
			return -1, &pathError{p.name, err}
		}
	}
}

// openPath opens a file for the child, in the mode that programs expect.
func (a *layout) openPath(p *pathStdio) (int, error) {
	n, err := p.open(a.starter)
	if err != nil {
		return 0, err
	}
	a.spare = append(a.spare, n)
	// The open file is nobody else's yet. O_NONBLOCK in flag is what the child is to have.
	if p.flag&unix.O_NONBLOCK == 0 {
		err = fd.SetNonblock(n, false)
	}
	return n, err
}
