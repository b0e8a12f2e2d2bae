package childprocess

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// Tee copies the child's output on descriptor 1 or 2 to several targets, as tee(1) does. A target
// is Pipe (this program's stream, or the output that a form collects), Inherit, FD, File, a Path
// opened for writing, or a Stream for writing that belongs to the same loop. At most one is Pipe.
// Another Tee stands for its targets. To send both descriptors to the same targets, in order, make
// the other one [SameAs].
//
// The child writes to a pipe, which the loop reads. The child waits for the slowest target, for
// which some 64 KiB are kept. The loop does not wait, and no target's blocking mode is changed: see
// [streams.NewWritable]. With a Pipe, the loop reads only as fast as that stream is read; without
// one, Stdout or Stderr is nil and the loop reads at once.
//
// If a target fails (EPIPE, ENOSPC), the others go on without it. The child emits one *[TeeError]
// for it, and the forms that call back or return have it as their error, unless there is another.
// When all targets have failed, the pipe is closed, and a child that keeps writing gets SIGPIPE.
// close comes when each target has taken all bytes or has failed, or at the end of CloseGrace;
// targets that are behind then lose the rest, as they do when a limit closes the pipes.
//
// FD and File are borrowed, and may be closed when the child was started; with Owned they are
// closed then. A Stream is borrowed, cannot be Owned, and is not ended.
func Tee(s ...Stdio) Stdio {
	t := new(teeStdio)
	for _, target := range s {
		if target.form == formTee {
			t.targets = append(t.targets, target.tee.targets...)
		} else {
			t.targets = append(t.targets, target)
		}
	}
	return Stdio{form: formTee, tee: t}
}

// teeStdio has the arguments of a Tee. targets has no Tee.
type teeStdio struct{ targets []Stdio }

// A TeeError is the failure of one target of a [Tee], which gets no more bytes.
type TeeError struct {
	Slot   int   // slot of the Tee
	Target int   // index among the arguments of Tee; another Tee counts as its targets
	Err    error // a *streams.OpError, or streams.ErrClosed if a Stream was closed
}

// Error returns a text such as "target 2 of slot 1: brood: write fd 7: no space left on device".
func (e *TeeError) Error() string {
	return "target " + strconv.Itoa(e.Target) + " of slot " + strconv.Itoa(e.Slot) + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *TeeError) Unwrap() error { return e.Err }

// piped reports whether Pipe is among the targets.
func (t *teeStdio) piped() bool {
	for _, s := range t.targets {
		if s.form == formPipe {
			return true
		}
	}
	return false
}

// mistake returns the reason why t is invalid in slot i, or "".
func (t *teeStdio) mistake(i int) string {
	switch {
	case i != 1 && i != 2:
		return "is a Tee, which only slots 1 and 2 can be"
	case len(t.targets) == 0:
		return "is a Tee without a target"
	}
	piped := false
	for n, s := range t.targets {
		reason := s.mistake()
		if reason == "" {
			reason = s.targetMistake()
		}
		if s.form == formPipe {
			if piped {
				reason = "is a second Pipe"
			}
			piped = true
		}
		if reason != "" {
			return "is a Tee whose target " + strconv.Itoa(n) + " " + reason
		}
	}
	return ""
}

// targetMistake returns the reason why s cannot be a target, or "".
func (s Stdio) targetMistake() string {
	switch s.form {
	case formPipe, formInherit, formFD, formFile:
		return ""
	case formPath:
		if s.path.flag&unix.O_ACCMODE == os.O_RDONLY {
			return "is a Path that is only read"
		}
		return ""
	case formStream:
		switch _, only := s.stream.(*streams.Readable); {
		case only:
			return "is a stream that is only read"
		case s.owned:
			return "is a Stream that is Owned"
		}
		return ""
	}
	return "is a form that nothing can be passed on to"
}

// foreignTarget returns an *ArgumentError if a target is a Stream of another loop, because only
// that loop's goroutine may use it.
func (o *Options) foreignTarget(l *reactor.Loop, op string) error {
	for i, s := range o.Stdio {
		if s.form != formTee {
			continue
		}
		for n, to := range s.tee.targets {
			if to.form != formStream || isNil(to.stream) {
				continue
			}
			if w := writableOf(to.stream); w != nil && !w.BelongsTo(l) {
				reason := "is a Tee whose target " + strconv.Itoa(n) + " is a Stream of another loop"
				return &ArgumentError{op, "Stdio[" + strconv.Itoa(i) + "]", reason}
			}
		}
	}
	return nil
}

// target is a target of a Tee while the child is started.
type target struct {
	slot, index int
	fd          int               // to write to, owned by the layout; -1: none, or a stream's
	fresh       bool              // opened for this Tee alone
	stream      *streams.Writable // the borrowed Stream; nil for other targets
}

// openTargets opens the targets of this round.
func (a *layout) openTargets(round int) error {
	for slot, s := range a.stdio {
		if s.form != formTee {
			continue
		}
		for index, s := range s.tee.targets {
			t := target{slot: slot, index: index, fd: -1}
			ok, err := a.openTarget(&t, s, round)
			if err != nil {
				return &slotError{slot, err}
			}
			if ok {
				a.targets = append(a.targets, t)
			}
		}
	}
	return nil
}

// openTarget opens one target if this is its round, and then reports true.
func (a *layout) openTarget(t *target, s Stdio, round int) (ok bool, err error) {
	shared := -1
	switch s.form {
	case formInherit:
		shared = t.slot
	case formFD:
		shared = s.fd
	case formStream:
		if t.stream = writableOf(s.stream); t.stream == nil {
			shared = s.stream.FD()
		}
	}
	switch {
	case t.stream != nil && round == roundShared:
		if t.stream.Closed() {
			return false, syscall.EBADF
		}
		return true, nil
	case t.stream != nil:
	case s.form == formPath && round == roundPaths:
		t.fd, err = s.path.open(a.starter)
		t.fresh = true
		return err == nil, err
	case s.form == formPath || s.form == formPipe:
	case round == roundShared && s.form != formFile:
		return false, mayWrite(shared)
	case round == roundCopies && s.form != formFile:
		t.fd, err = fd.Duplicate(shared, standardSlots)
		return err == nil, err
	case round == roundCopies:
		if t.fd, err = duplicateFile(s.file, standardSlots); err == nil {
			if err = mayWrite(t.fd); err != nil {
				fd.Close(t.fd)
			}
		}
		return err == nil, err
	}
	return false, nil
}

// writableOf returns the Writable of a stream of package streams; nil for anything else.
func writableOf(s interface{ FD() int }) *streams.Writable {
	switch s := s.(type) {
	case *streams.Writable:
		return s
	case *streams.Duplex:
		return s.Writable
	case *Terminal:
		return s.Writable
	}
	return nil
}

// mayWrite returns EBADF if n is not open for writing.
func mayWrite(n int) error {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY {
		return syscall.EBADF
	}
	return err
}

// tees makes the tees, which own the descriptors of their targets afterwards. On an error, the
// layout still owns those of which no Writable was made.
func (a *layout) tees(l *reactor.Loop, o *Options, stdio []StdioStream) ([]*tee, error) {
	var made []*tee
	// They were opened in rounds, so not in the order of the slots.
	slices.SortFunc(a.targets, func(x, y target) int { return cmp.Or(x.slot-y.slot, x.index-y.index) })
	for i := range a.targets {
		of := &a.targets[i]
		if len(made) == 0 || made[len(made)-1].slot != of.slot {
			made = append(made, &tee{slot: of.slot, src: stdio[of.slot].Readable, piped: a.stdio[of.slot].tee.piped()})
		}
		t := made[len(made)-1]
		w := of.stream
		if w == nil {
			var err error
			w, err = streams.NewWritable(l, of.fd, &streams.WritableOptions{HighWaterMark: o.HighWaterMark, Fresh: of.fresh})
			if err != nil {
				for _, t := range made {
					t.discard()
				}
				return nil, err
			}
			of.fd = -1
		}
		t.targets = append(t.targets, &teeTarget{tee: t, index: of.index, w: w, borrowed: of.stream != nil})
	}
	return made, nil
}
