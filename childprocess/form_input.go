package childprocess

import (
	"bytes"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// An InputError is the cause when a child was ended because its [Input] could not be read to its
// end: what the child has got of it must not pass for all.
type InputError struct {
	Err error // what Read has returned, or io.ErrNoProgress
}

// Error returns a text such as "reading the input: unexpected EOF".
func (e *InputError) Error() string { return "reading the input: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *InputError) Unwrap() error { return e.Err }

// input is what a child is to read, where it is not a file of its own.
type input struct {
	r      io.Reader   // nil: nothing
	length func() int  // what is left of a text in memory; nil for other sources
	skip   func(n int) // of such a text
}

// takeInput has the child of o get what it can from its start on: a file as it is, of a text in
// memory as much as the pipe holds. What it returns is the rest's source.
func takeInput(o *Options, from io.Reader) input {
	most := max(inputChunk, 2*o.PipeCapacity) // The kernel rounds up to a power of two.
	switch r := from.(type) {
	case *os.File:
		if slot, ok := stdinOf(r); ok {
			o.Stdio[0] = slot
			return input{}
		}
	case *bytes.Buffer:
		o.input = r.Bytes()[:min(r.Len(), most)]
		return input{r, r.Len, func(n int) { r.Next(n) }}
	case *bytes.Reader:
		o.input = peek(r, r.Len(), r.Size(), most)
		return input{r, r.Len, func(n int) { seek(r, n) }}
	case *strings.Reader:
		o.input = peek(r, r.Len(), r.Size(), most)
		return input{r, r.Len, func(n int) { seek(r, n) }}
	}
	return input{r: from}
}

// rest is what is still to be read when the pipe has taken n bytes. Its size is -1 when it is not
// known.
func (in input) rest(n int) (r io.Reader, size int) {
	switch {
	case in.r == nil:
		return nil, 0
	case in.length == nil:
		return in.r, -1
	}
	in.skip(n)
	return in.r, in.length()
}

// peek returns the beginning of what has not been read, of which there are so many bytes: most of
// them at most.
func peek(r io.ReaderAt, unread int, size int64, most int) []byte {
	p := make([]byte, min(unread, most))
	n, _ := r.ReadAt(p, size-int64(unread)) // It is in memory, and long enough.
	return p[:n]
}

func seek(r io.Seeker, n int) {
	_, _ = r.Seek(int64(n), io.SeekCurrent) // It fails for places before the beginning.
}

// stdinOf returns the slot that gives f to a child, unless f would be in non-blocking mode there,
// for which no program is made.
func stdinOf(f *os.File) (slot Stdio, ok bool) {
	slot = File(f)
	conn, err := f.SyscallConn()
	if err != nil {
		return slot, true // It is closed, which the slot will tell.
	}
	ok = true
	err = conn.Control(func(p uintptr) {
		flags, err := unix.FcntlInt(p, unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			return
		}
		var st unix.Stat_t
		if unix.Fstat(int(p), &st) == nil && uint32(st.Mode)&unix.S_IFMT == unix.S_IFREG {
			return // A file knows no other mode.
		}
		again, err := fd.Reopen(int(p), false)
		slot, ok = FD(again).Owned(), err == nil
	})
	if err != nil {
		return File(f), true
	}
	return slot, ok
}
