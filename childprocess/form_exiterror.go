package childprocess

import (
	"bytes"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"
)

var (
	// ErrTimeout is the cause when Options.Timeout has ended a child. errors.Is finds
	// syscall.ETIMEDOUT and os.ErrDeadlineExceeded in it.
	ErrTimeout error = limitError{"timed out", syscall.ETIMEDOUT}

	// ErrMaxBuffer is the cause when a child has written more than MaxBuffer. errors.Is finds
	// syscall.ENOBUFS in it.
	ErrMaxBuffer error = limitError{"more output than MaxBuffer", syscall.ENOBUFS}
)

// limitError is a limit of ours that has the errno which Node's sync forms report for it.
type limitError struct {
	text  string
	errno syscall.Errno
}

func (e limitError) Error() string { return e.text }
func (e limitError) Unwrap() error { return e.errno }

func (e limitError) Is(target error) bool {
	return e.errno == syscall.ETIMEDOUT && target == os.ErrDeadlineExceeded
}

// An AbortError is the end of Options.Context, when it ended the child.
type AbortError struct {
	Op, File string
	Err      error // what the context says: context.Canceled or context.DeadlineExceeded
	Cause    error // context.Cause, which is Err where none was given
}

// Error returns a text such as "spawn sleep: aborted: context canceled: the user left".
func (e *AbortError) Error() string {
	text := e.Op + " " + e.File + ": aborted: " + e.Err.Error()
	if e.Cause != nil && e.Cause != e.Err {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns what the context says, and its cause.
func (e *AbortError) Unwrap() []error { return []error{e.Err, e.Cause} }

// An ExitError says that a command was run and did not succeed.
type ExitError struct {
	Cmd    string     // the file and its arguments, or the shell command
	Status ExitStatus // how it ended; Running when the call did not wait for the end
	// this library has signalled it, or its time was over when it had exited already, as in Node
	Killed bool

	Stdout, Stderr []byte // what was captured

	// Err is why it was ended early: ErrTimeout, ErrMaxBuffer or an *AbortError; or why what is
	// known of it is not all: ErrStatusLost, or an error of reading its output or of its input. Nil
	// when it ended by itself. Use errors.Is.
	Err error
}

// stderrShown is how much of the end of a long Stderr stands in the text of an ExitError, in bytes.
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

// commandText is how a program with arguments is named in an ExitError.
func commandText(file string, args []string) string {
	return strings.Join(append([]string{file}, args...), " ")
}
