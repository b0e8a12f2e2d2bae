package childprocess

import (
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/streams"
)

// PTYOptions are the properties of a child's terminal, see [PTY].
type PTYOptions struct {
	// Rows and Cols are the size in characters. Neither may be 0.
	Rows, Cols uint16
}

// defaultSize is the traditional size of a terminal.
var defaultSize = pty.Size{Rows: 24, Cols: 80}

// PTY is a new pseudo-terminal (pty(7)), for programs that behave differently without a terminal,
// or that ask for a password. A nil o means 24 rows of 80 columns.
//
// It is for descriptors 0 to 2. All that are PTYs share one terminal, [ChildProcess.Terminal], and
// one size; if several sizes are given they must be equal. The other descriptors may have any form:
// with a Pipe for stderr, that output is separate. Stdin, Stdout and Stderr are nil for a PTY, and
// Stdio has no stream.
//
// The child leads a new session with this controlling terminal: it can open /dev/tty, and keys such
// as ^C signal the terminal's foreground process group. PTY excludes Setpgid and Foreground;
// Detached, which also makes a session, has no further effect. Limits and KillGroup signal the
// child's process group, as for a Detached child. Shells put jobs into groups of their own; these
// get SIGHUP when the terminal is closed. ^Z stops the jobs of a shell but not the child itself,
// because its group is orphaned (credentials(7)): no process of its session could continue it. TERM
// in Env is not changed.
//
// With Options.UID, the terminal belongs to that user, if this program may change its owner.
//
// The forms that collect output refuse PTY, because a terminal mixes stdout, stderr and the echo of
// the input.
func PTY(o *PTYOptions) Stdio {
	s := Stdio{form: formPTY}
	if o != nil {
		s.size, s.sized = pty.Size(*o), true
	}
	return s
}

// A Terminal is the user's side of a child's pseudo-terminal. Bytes written to Writable are keys;
// bytes read from Readable are the display: stdout, stderr, the echo of the keys, and "\r\n" for
// each "\n", unless the child changes the terminal's modes (termios(3)). For the end of the input,
// write the key ^D, "\x04", at the beginning of a line. Ending Writable has no effect on the child.
//
// Readable ends, without an error, when the child has exited and no process has the terminal open.
// While it runs, the child may close all its descriptors and open /dev/tty again: Readable goes on.
// A background process that has the terminal open after the child's exit delays that end, and the
// child's close, as with a pipe: see Options.CloseGrace.
//
// When Readable has closed, by its end or by Destroy, Writable is destroyed, which closes the
// terminal. Processes that have it open get SIGHUP (pty(7)); so does the child, if the terminal is
// destroyed or the loop closed while it runs.
//
// A Terminal's methods must be called on the loop goroutine unless their comment says otherwise.
type Terminal struct {
	*streams.Duplex

	// keptSlave is a descriptor of the child's side, owned from the start to the child's exit;
	// otherwise -1. Without it, Readable would end when the child closes the terminal to open it
	// again.
	keptSlave int
}

// Terminal returns the child's terminal, also if the program could not be started, and after close.
// It is nil if no slot is a [PTY].
func (c *ChildProcess) Terminal() *Terminal { return c.terminal }

// Resize sets the size of the terminal in characters. If the size changes, the foreground process
// group gets SIGWINCH. Before an Async child has started, Resize sets its initial size.
//
// The error is *[ArgumentError] for a size of 0, [streams.ErrClosed] for a closed terminal, else
// *[streams.OpError].
//
// Source: ioctl_tty(2), TIOCSWINSZ.
func (t *Terminal) Resize(rows, cols uint16) error {
	const op = "resize"
	switch {
	case rows == 0:
		return &ArgumentError{op, "rows", "is 0"}
	case cols == 0:
		return &ArgumentError{op, "cols", "is 0"}
	case t.FD() < 0:
		return streams.ErrClosed
	}
	return t.failure(op, pty.SetSize(t.FD(), pty.Size{Rows: rows, Cols: cols}))
}

// Size returns the size of the terminal in characters, which programs at the terminal, such as
// stty(1), can change, too. The errors are those of Resize.
func (t *Terminal) Size() (rows, cols uint16, err error) {
	if t.FD() < 0 {
		return 0, 0, streams.ErrClosed
	}
	s, err := pty.SizeOf(t.FD())
	return s.Rows, s.Cols, t.failure("size", err)
}

func (t *Terminal) failure(op string, err error) error {
	if err == nil {
		return nil
	}
	return &streams.OpError{Op: op, FD: t.FD(), Err: err}
}

// destroy closes both sides. A nil t is fine.
func (t *Terminal) destroy() {
	if t != nil {
		t.Destroy(nil)
		t.closeSlave()
	}
}

// closeSlave closes the child's side. A nil t, and a second call, are fine.
func (t *Terminal) closeSlave() {
	if t != nil {
		fd.Close(t.keptSlave)
		t.keptSlave = -1
	}
}
