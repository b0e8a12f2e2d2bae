package childprocess

import (
	"io"
	"math"
	"os"
	"slices"
	"syscall"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/streams"
)

// A Stdio says what one descriptor of a child is. The zero value is the default: Pipe for
// descriptors 0 to 2, closed above.
type Stdio struct {
	// Which of the fields are set depends on form. Everything that they refer to is borrowed,
	// unless owned.
	form    form
	fd      int // of formFD; of formSameAs, the other slot
	file    *os.File
	stream  interface{ FD() int }
	path    *pathStdio
	input   io.Reader
	tee     *teeStdio
	socket  syscall.Conn
	channel *channelMaker // of formIPC
	size    pty.Size      // of formPTY, if sized
	sized   bool          // the PTY has a size
	owned   bool          // begin closes it
	all     bool          // made by AllStdio
}

// form is the kind of a Stdio.
type form uint8

const (
	formDefault form = iota
	formPipe
	formIgnore
	formInherit
	formFD
	formFile
	formStream
	formIPC
	formPTY
	formSameAs
	formPath
	formInput
	formTee
	formSocket // of Options.ListenFDs
)

// The forms that need nothing further.
var (
	// Pipe connects the descriptor to streams of this program: descriptor 0 to a Writable, 1 and 2
	// to a Readable each, by pipe(2); a higher one to both, by socketpair(2).
	Pipe = Stdio{form: formPipe}

	// Ignore is /dev/null for descriptors 0 to 2, and no descriptor above.
	Ignore = Stdio{form: formIgnore}

	// Inherit is this program's descriptor of the same number, see [FD].
	Inherit = Stdio{form: formInherit}

	// IPC connects the descriptor to a channel for messages, [ChildProcess.Channel]. As in Node,
	// the child finds it by NODE_CHANNEL_FD and NODE_CHANNEL_SERIALIZATION_MODE in its environment.
	// A child has at most one.
	IPC = Stdio{form: formIPC, channel: &channels}
)

// FD is this program's descriptor n, which is borrowed.
//
// Programs expect descriptors 0 to 2 in blocking mode. But the mode belongs to the open file
// description, which others may share, so no Stdio changes it. If n is a terminal or a pipe in
// non-blocking mode, the library opens it again for the child's descriptors 0 to 2, on Linux by
// /proc/self/fd. A socket cannot be opened again, and another user's terminal may refuse: the child
// then gets n as it is. If the program cannot handle a non-blocking connection, and this program no
// longer needs it, clear O_NONBLOCK before. (Node makes the shared description blocking.)
func FD(n int) Stdio { return Stdio{form: formFD, fd: n} }

// File is an open file, which is borrowed. Its mode is not changed, see [FD]. Because Go opens
// pipes and terminals in non-blocking mode, these are opened again for the child in every slot.
func File(f *os.File) Stdio { return Stdio{form: formFile, file: f} }

// Stream is the descriptor of a stream of this program, such as another child's Stdout. The stream
// is borrowed: reading it here is paused, and may be resumed when the child no longer uses it. To
// connect two children for good, use Owned, because a copy in this program would delay the end of
// file. For the mode see [streams.Readable.Lend].
func Stream(s interface{ FD() int }) Stdio { return Stdio{form: formStream, stream: s} }

// AllStdio returns s for the descriptors 0, 1 and 2. [Fork] adds an IPC to it.
func AllStdio(s Stdio) []Stdio {
	s.all = true
	return []Stdio{s, s, s}
}

// Owned lets the call that starts the child take ownership of an FD, a File or a Stream: it closes
// the descriptor, or destroys the stream, when the child has it, and also on an error. On any other
// Stdio, Owned has no effect.
func (s Stdio) Owned() Stdio {
	s.owned = true
	return s
}

// isPipe reports whether slot i, which is s, has a stream of this program.
func (s Stdio) isPipe(i int) bool {
	return s.form == formPipe || s.form == formDefault && i < standardSlots || s.form == formTee && s.tee.piped()
}

// mistake returns the reason why s is invalid, or "".
func (s Stdio) mistake() string {
	switch {
	// The kernel would drop the upper half of the number.
	case s.form == formFD && (s.fd < 0 || s.fd > math.MaxInt32):
		return "is not a descriptor"
	case s.form == formFile && s.file == nil:
		return "is a nil file"
	case s.form == formFile && isZeroFile(s.file):
		return "is a zero os.File"
	case s.form == formStream && isNil(s.stream):
		return "is a nil stream"
	case s.form == formInput && s.input == nil:
		return "is an Input of nil"
	case s.form == formInput && isNilPointer(s.input):
		return "is an Input of a nil pointer"
	case s.form == formPath:
		return s.path.mistake()
	}
	return ""
}

// isZeroFile reports whether f is a zero os.File, whose methods panic.
func isZeroFile(f *os.File) bool { return f != nil && *f == (os.File{}) }

// isNil reports whether s is nil, holds a nil pointer, such as the Stdout of a child without that
// pipe, or is a Duplex that was not made by its constructor.
func isNil(s interface{ FD() int }) bool {
	switch s := s.(type) {
	case *Terminal:
		return s == nil || isNil(s.Duplex)
	case *streams.Duplex:
		return s == nil || s.Readable == nil || s.Writable == nil
	}
	return s == nil || isNilPointer(s)
}

// closeOwned closes everything in slots that is Owned.
func closeOwned(slots []Stdio) {
	if !slices.ContainsFunc(slots, func(s Stdio) bool { return s.owned || s.form == formTee }) {
		return
	}
	// A number may be in several slots; after its first close it may belong to another goroutine.
	var closed []int
	closeOnce := func(n int) {
		if n >= 0 && !slices.Contains(closed, n) {
			closed = append(closed, n)
			fd.Close(n)
		}
	}
	all := slices.Clone(slots)
	for _, s := range slots {
		if s.form == formTee {
			all = append(all, s.tee.targets...)
		}
	}
	for _, s := range all {
		if !s.owned || s.mistake() != "" {
			continue
		}
		switch s.form {
		case formFD:
			closeOnce(s.fd)
		case formFile:
			_ = s.file.Close() // Best effort: it may be closed already.
		case formStream:
			if d, ok := s.stream.(interface{ Destroy(error) }); ok {
				d.Destroy(nil)
			} else {
				closeOnce(s.stream.FD())
			}
		}
	}
}

// A StdioStream is this program's side of one descriptor of a child. Without a pipe both fields are
// nil; descriptors 0 to 2 have exactly one.
type StdioStream struct {
	Readable *streams.Readable // reads the bytes that the child writes
	Writable *streams.Writable // writes the bytes that the child reads
}
