package childprocess

import (
	"io"
	"math"
	"os"
	"reflect"
	"slices"
	"syscall"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/streams"
)

// A Stdio says what one descriptor of a child is. The zero value is the default: Pipe for
// descriptors 0 to 2, closed above.
type Stdio struct {
	form    form
	fd      int
	file    *os.File
	stream  interface{ FD() int }
	path    *pathStdio
	input   io.Reader
	tee     *teeStdio
	socket  syscall.Conn
	channel *channelMaker // of formIPC
	size    pty.Size      // of formPTY, if it is sized
	sized   bool
	owned   bool
	all     bool // by AllStdio
}

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
	// Pipe connects the descriptor to a stream of the parent: stdin to a Writable, stdout and
	// stderr to Readables, by pipe(2); above that to both, by a socketpair(2).
	Pipe = Stdio{form: formPipe}

	// Ignore opens /dev/null on descriptors 0 to 2, and leaves others closed.
	Ignore = Stdio{form: formIgnore}

	// Inherit gives the child the parent's descriptor of the same number, see [FD].
	Inherit = Stdio{form: formInherit}

	// IPC connects the descriptor to a channel for messages, [ChildProcess.Channel], and tells the
	// child of it as Node does: by NODE_CHANNEL_FD and NODE_CHANNEL_SERIALIZATION_MODE in its
	// environment. A child has one at most.
	IPC = Stdio{form: formIPC, channel: &channels}
)

// FD gives the child the parent's descriptor n, which is borrowed.
//
// No form changes the mode, blocking or not, of what others have too: it belongs to the open file
// description, which parent and child share, and whoever else. For descriptors 0 to 2 of the child,
// where programs expect blocking mode, a terminal or a pipe in non-blocking mode is opened once
// more for the child, on Linux by /proc/self/fd. That cannot be done for a socket, and may be
// refused for a terminal of another user: these the child gets as they are. Whoever gives a program
// that cannot cope with that a connection, and has no further use for it, clears O_NONBLOCK before.
// (Node puts the description itself into blocking mode.)
func FD(n int) Stdio { return Stdio{form: formFD, fd: n} }

// File gives the child an open file, which is borrowed. Its mode stays, see [FD]; since Go opens
// pipes and terminals in non-blocking mode, they are opened once more for the child in any slot.
func File(f *os.File) Stdio { return Stdio{form: formFile, file: f} }

// Stream gives the child the descriptor of a stream, such as another child's Stdout. The stream is
// borrowed: reading it here pauses, and can be resumed once the child is done with it. To connect
// two children for good, use Owned, so that no copy stays in the parent. For the mode see
// [streams.Readable.Lend].
func Stream(s interface{ FD() int }) Stdio { return Stdio{form: formStream, stream: s} }

// AllStdio returns s for each of the descriptors 0, 1 and 2. [Fork] adds a channel to that.
func AllStdio(s Stdio) []Stdio {
	s.all = true
	return []Stdio{s, s, s}
}

// Owned has Spawn take over the descriptor of an FD, a File or a Stream: it is closed in the
// parent, or destroyed, once the child has it, and also when Spawn fails. Other forms are not
// changed by it.
func (s Stdio) Owned() Stdio {
	s.owned = true
	return s
}

// isPipe reports whether s connects slot i to the parent by streams.
func (s Stdio) isPipe(i int) bool {
	return s.form == formPipe || s.form == formDefault && i < standardSlots || s.form == formTee && s.tee.piped()
}

// mistake says what is wrong with s, "" if nothing.
func (s Stdio) mistake() string {
	switch {
	// The kernel would drop the upper half.
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

// isZeroFile reports whether f is a file that nobody has opened: its methods panic.
func isZeroFile(f *os.File) bool { return f != nil && *f == (os.File{}) }

// isNil also knows the nil pointer in an interface, such as the Stdout of a child that has no pipe
// there, and a duplex stream that nobody has made.
func isNil(s interface{ FD() int }) bool {
	switch s := s.(type) {
	case *Terminal:
		return s == nil || isNil(s.Duplex)
	case *streams.Duplex:
		return s == nil || s.Readable == nil || s.Writable == nil
	}
	v := reflect.ValueOf(s)
	return !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil()
}

// closeOwned gives up what was handed over.
func closeOwned(slots []Stdio) {
	if !slices.ContainsFunc(slots, func(s Stdio) bool { return s.owned || s.form == formTee }) {
		return
	}
	// One number may be in several slots, and after the first close it can be somebody else's.
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

// A StdioStream is the parent's side of one descriptor of a child. Both are nil where there is no
// pipe, one for 0 to 2.
type StdioStream struct {
	Readable *streams.Readable // what the child writes
	Writable *streams.Writable // what the child reads
}
