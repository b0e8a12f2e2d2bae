package childprocess

import (
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/streams"
)

// PTYOptions say what the terminal of a child is like, see [PTY].
type PTYOptions struct {
	// Rows and Cols are the size of the terminal, in characters. Neither may be 0.
	Rows, Cols uint16
}

// defaultSize is that of a terminal whose size nobody says: what terminals had before they had
// windows.
var defaultSize = pty.Size{Rows: 24, Cols: 80}

// PTY gives the child a new pseudo-terminal (pty(7)), for programs that behave otherwise without
// one or that ask for a password. A nil o means 24 rows of 80 columns.
//
// It is for descriptors 0 to 2. All of them that are a PTY share one terminal,
// [ChildProcess.Terminal], and one size: the one that is given, if several are it must be the same.
// The others of the three may have any form: with a pipe for stderr, what the child writes there
// can be told from what it shows. In a child's streams these slots have no entry: Stdin, Stdout and
// Stderr are nil for them.
//
// The child leads a new session, whose controlling terminal that is: it can open /dev/tty, and keys
// such as ^C are signals for the terminal's foreground process group. Setpgid and Foreground do not
// go with it; Detached, which means a session too, changes nothing. As for a Detached child, limits
// signal the child's process group, and KillGroup does. Shells put their jobs into groups of their
// own, which get SIGHUP when the terminal is closed. ^Z stops the jobs of a shell, but not the
// child itself: nobody in its session could continue it (credentials(7) calls its group orphaned).
// TERM in Env is whatever it was.
//
// With Options.UID the terminal belongs to that user, if this program may say so.
//
// The forms that collect output refuse it: a terminal mixes what was typed, stdout and stderr.
func PTY(o *PTYOptions) Stdio {
	s := Stdio{form: formPTY}
	if o != nil {
		s.size, s.sized = pty.Size(*o), true
	}
	return s
}

// A Terminal is this program's side of a child's pseudo-terminal: the person's. What is written to
// Writable is typed, and what Readable reads is shown: it has what the child writes to stdout and
// to stderr, the echo of what is typed, and "\r\n" for each "\n", until the child changes the
// terminal's modes (termios(3)). A program at a terminal is told of the end of the input by a key:
// write "\x04", ^D, at the beginning of a line. Ending Writable tells it nothing.
//
// Readable ends, without an error, when the child has exited and nobody else has the terminal any
// more. As long as the child runs it may close all of its descriptors and open /dev/tty again. A
// background process that has the terminal after the exit of the child delays the end, and the
// child's close with it, as with a pipe: see Options.CloseGrace.
//
// When Readable is closed, because it has ended or was destroyed, Writable is destroyed, and that
// closes the terminal: those who still have it get SIGHUP (pty(7)). So does the child when the
// terminal is destroyed, or its loop closed, while it runs.
//
// A Terminal's methods must be called on the loop goroutine unless their comment says otherwise.
type Terminal struct {
	*streams.Duplex

	// keptSlave is a descriptor of the child's side, from the start to the exit of the child; -1 if
	// there is none. Without it a child that has closed the terminal, perhaps to open it again,
	// would look like one that is gone.
	keptSlave int
}

// Terminal returns the child's terminal, also when the program could not be started, and after the
// end; nil if no slot is a [PTY].
func (c *ChildProcess) Terminal() *Terminal { return c.terminal }

// Resize changes the size of the terminal, in characters. If it is another than before, the
// foreground process group gets SIGWINCH. Before an Async child has started, it is the size that
// the child starts with.
//
// Errors are *[ArgumentError] for a size of 0, [streams.ErrClosed] once the terminal is closed, and
// else *[streams.OpError] (ioctl_tty(2), TIOCSWINSZ).
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

// Size returns the size of the terminal, in characters, whoever has changed it last: a program at
// the terminal can, too, with stty(1) for one. Errors are those of Resize.
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

// destroy closes both sides. It does nothing for a nil t.
func (t *Terminal) destroy() {
	if t != nil {
		t.Destroy(nil)
		t.closeSlave()
	}
}

// closeSlave gives up the child's side. It does nothing for a nil t, and the second time.
func (t *Terminal) closeSlave() {
	if t != nil {
		fd.Close(t.keptSlave)
		t.keptSlave = -1
	}
}
