package childprocess

import (
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/pty"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// terminalEnds are the descriptors of a child's terminal until newTerminal; -1: none. master and
// keptSlave are owned.
type terminalEnds struct {
	master    int // master side, the parent's
	slave     int // slave side, the child's; owned by layout.spare
	keptSlave int // another of the slave side, for Terminal.keptSlave
}

var noTerminal = terminalEnds{-1, -1, -1}

// ctty returns the first slot that is a PTY; -1 without one.
func (o *Options) ctty() int {
	return slices.IndexFunc(o.Stdio, func(s Stdio) bool { return s.form == formPTY })
}

// terminalMistake returns an *ArgumentError if a PTY in Stdio is invalid.
func (o *Options) terminalMistake(op string) error {
	first := o.ctty()
	if first < 0 {
		return nil
	}
	bad := func(name, reason string) error { return &ArgumentError{op, name, reason} }
	sized := -1
	for i, s := range o.Stdio {
		name := "Stdio[" + strconv.Itoa(i) + "]"
		switch {
		case s.form != formPTY:
		case i >= standardSlots:
			return bad(name, "is a PTY, which only slots 0 to 2 can be")
		case s.sized && s.size.Rows == 0:
			return bad(name+".Rows", "is 0: a PTY has a size")
		case s.sized && s.size.Cols == 0:
			return bad(name+".Cols", "is 0: a PTY has a size")
		case s.sized && sized >= 0 && s.size != o.Stdio[sized].size:
			return bad(name, "is a PTY of another size than Stdio["+strconv.Itoa(sized)+"], whose terminal it shares")
		case s.sized:
			sized = i
		}
	}
	switch {
	case o.Setpgid:
		return bad("Setpgid", "is not for a child on a PTY, which leads a session")
	case o.Foreground:
		return bad("Foreground", "is not for a child on a PTY, which is in the foreground there")
	}
	return nil
}

// terminalSize returns the size that a PTY of slots has, or the default.
func terminalSize(slots []Stdio) pty.Size {
	for _, s := range slots {
		if s.form == formPTY && s.sized {
			return s.size
		}
	}
	return defaultSize
}

// openTerminal returns the child's side of the terminal, and opens it for the first PTY.
func (a *layout) openTerminal() (int, error) {
	t := &a.terminal
	if t.slave >= 0 {
		return t.slave, nil
	}
	master, slave, err := pty.Open(terminalSize(a.stdio))
	if err != nil {
		return 0, err
	}
	t.master, t.slave = master, slave
	a.spare = append(a.spare, slave)
	if a.owner != nil {
		// Best effort: the child has it open in any case.
		_ = unix.Fchown(slave, int(*a.owner), -1)
	}
	t.keptSlave, err = fd.Duplicate(slave, 0)
	return slave, err
}

// close closes the descriptors that closeSpare does not.
func (t *terminalEnds) close() {
	fd.Close(t.master, t.keptSlave)
	*t = noTerminal
}

// newTerminal makes the Terminal; nil without one. The Terminal then owns the descriptors; on an
// error t still does.
func (t *terminalEnds) newTerminal(l *reactor.Loop, with *streams.DuplexOptions) (*Terminal, error) {
	if t.master < 0 {
		return nil, nil
	}
	d, err := streams.NewDuplex(l, t.master, with)
	if err != nil {
		return nil, err
	}
	made := &Terminal{Duplex: d, keptSlave: t.keptSlave}
	*t = noTerminal
	return made, nil
}

// closedTerminal is newTerminal for a child without descriptors.
func (c *ChildProcess) closedTerminal(o *Options, cause error) (*Terminal, error) {
	if o.ctty() < 0 {
		return nil, nil
	}
	d, err := streams.NewClosedDuplex(c.loop, cause)
	if err != nil {
		return nil, err
	}
	return &Terminal{Duplex: d, keptSlave: -1}, nil
}
