package childprocess

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"
)

var (
	// ErrTimeout is the cause when Options.Timeout killed a child. It wraps syscall.ETIMEDOUT, and
	// errors.Is(err, os.ErrDeadlineExceeded) is true.
	ErrTimeout error = limitError{"timed out", syscall.ETIMEDOUT}

	// ErrMaxBuffer is the cause when a child wrote more than MaxBuffer bytes. It wraps
	// syscall.ENOBUFS.
	ErrMaxBuffer error = limitError{"more output than MaxBuffer", syscall.ENOBUFS}
)

// limitError is a limit that was reached, with the errno that Node's sync forms report for it.
type limitError struct {
	text  string
	errno syscall.Errno
}

func (e limitError) Error() string { return e.text }
func (e limitError) Unwrap() error { return e.errno }

func (e limitError) Is(target error) bool {
	return e.errno == syscall.ETIMEDOUT && target == os.ErrDeadlineExceeded
}

// An AbortError is the cause when the end of Options.Context killed the child.
type AbortError struct {
	// Op is the form, such as "spawn"; File is the program as it was given to it.
	Op, File string
	Err      error // ctx.Err(): context.Canceled or context.DeadlineExceeded
	Cause    error // context.Cause(ctx); Err if the context has no other cause
}

// Error returns a text such as "spawn sleep: aborted: context canceled: the user left".
func (e *AbortError) Error() string {
	text := e.Op + " " + e.File + ": aborted: " + e.Err.Error()
	if e.Cause != nil && e.Cause != e.Err {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns Err and Cause.
func (e *AbortError) Unwrap() []error { return []error{e.Err, e.Cause} }

// An ExitError says that a command was started and did not succeed.
type ExitError struct {
	Cmd    string     // file and arguments, or the shell command
	Status ExitStatus // Running if the call did not wait for the exit
	// this library sent it a signal, or Timeout passed when it had exited already, as in Node
	Killed bool

	Stdout, Stderr []byte // bytes captured; the caller may keep them

	// Err is nil when the child failed by itself. Otherwise it is the limit that killed the child
	// (ErrTimeout, ErrMaxBuffer, an *AbortError…), ErrStatusLost, or the error of reading the
	// output or of writing the input. Test it with errors.Is.
	Err error
}

// stderrShown is the most of Stderr, from its end, that Error shows, in bytes.
const stderrShown = 1 << 10

// Error returns a text such as "command failed: ls /x: exit status 2", followed by a newline and
// the end of Stderr.
func (e *ExitError) Error() string {
	var b strings.Builder
	b.WriteString("command failed: " + e.Cmd + ": ")
	if e.Err != nil {
		b.WriteString(e.Err.Error() + " (" + e.Status.String() + ")")
	} else {
		b.WriteString(e.Status.String())
	}
	if shown := bytes.TrimSpace(e.Stderr); len(shown) > 0 {
		b.WriteString("\n")
		if len(shown) > stderrShown {
			b.WriteString("…")
			shown = shown[len(shown)-stderrShown:]
			for n := 1; n < utf8.UTFMax && !utf8.RuneStart(shown[0]); n++ {
				shown = shown[1:] // The rest of a character that was cut.
			}
		}
		b.Write(shown)
	}
	return b.String()
}

// Unwrap returns Err.
func (e *ExitError) Unwrap() error { return e.Err }

// commandText is the Cmd of an ExitError.
func commandText(file string, args []string) string {
	return strings.Join(append([]string{file}, args...), " ")
}
