package childprocess

import (
	"bytes"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// An InputError is the cause when a Read of an [Input] failed. The child is then killed, because it
// could not tell the part that it got from the whole.
type InputError struct {
	Err error // the error of Read, or io.ErrNoProgress after 100 empty reads
}

// Error returns a text such as "reading the input: unexpected EOF".
func (e *InputError) Error() string { return "reading the input: " + e.Err.Error() }

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

// input is the source of a child's stdin, unless stdin is the source's own descriptor. It is used
// on the goroutine that starts the child, before the feeder has r.
type input struct {
	r      io.Reader   // nil: no source, the child's stdin has all that it gets
	length func() int  // bytes left in a text in memory; nil for other sources
	skip   func(n int) // drops n bytes of such a text; nil for other sources
}

// takeInput gives the child of o the part of from that it can have before it starts: a file becomes
// Stdio[0], and a text in memory goes to o.input, as much as a pipe may hold. It returns the source
// for the rest. It changes o and o.Stdio, so these must be copies.
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

// rest returns the source of the bytes that follow the first n, which the pipe has taken, and their
// number, or -1 if it is not known.
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

// peek returns the next bytes of r without reading them: as many as are unread, and not more than
// most.
func peek(r io.ReaderAt, unread int, size int64, most int) []byte {
	p := make([]byte, min(unread, most))
	n, _ := r.ReadAt(p, size-int64(unread)) // It cannot fail: r is in memory, and long enough.
	return p[:n]
}

func seek(r io.Seeker, n int) {
	_, _ = r.Seek(int64(n), io.SeekCurrent) // It cannot fail: n is not before the beginning.
}

// stdinOf returns the slot that gives f to a child. ok is false if f would be in non-blocking mode
// there, which few programs can handle. A regular file has no such mode, and a file that can be
// opened again gets a blocking description of its own.
func stdinOf(f *os.File) (slot Stdio, ok bool) {
	slot = File(f)
	conn, err := f.SyscallConn()
	if err != nil {
		return slot, true // It is closed; opening the slot returns the error.
	}
	ok = true
	err = conn.Control(func(p uintptr) {
		flags, err := unix.FcntlInt(p, unix.F_GETFL, 0)
		if err != nil || flags&unix.O_NONBLOCK == 0 {
			return
		}
		var st unix.Stat_t
		if unix.Fstat(int(p), &st) == nil && uint32(st.Mode)&unix.S_IFMT == unix.S_IFREG {
			return // O_NONBLOCK has no effect on it.
		}
		again, err := fd.Reopen(int(p), false)
		slot, ok = FD(again).Owned(), err == nil
	})
	if err != nil {
		return File(f), true
	}
	return slot, ok
}
