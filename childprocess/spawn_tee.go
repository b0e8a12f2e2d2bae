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

// Tee passes what the child writes to descriptor 1 or 2 on to several targets, as tee(1) does, all
// of which get all of it. A target is Pipe, this program's stream or what a form collects, Inherit,
// FD, File, a Path that is opened for writing, or a Stream that can be written to and belongs to
// the same loop; at most one is Pipe. Another Tee counts as its targets. For both descriptors to go
// the same way, in order, give the other one as [SameAs].
//
// The child writes to a pipe, which the loop reads. The slowest target sets the pace: the child
// waits for it, and some 64 KiB are kept. The loop waits for none, and the mode of no target
// changes: see [streams.NewWritable]. With Pipe the pipe is read when somebody reads the stream,
// and as fast; without, Stdout or Stderr is nil and it is read at once.
//
// A target that fails (EPIPE, ENOSPC) costs the others nothing: it is left out from then on, and an
// error event tells of it once, with a *[TeeError], which forms that call back or return have as
// their error if there is no other. When none is left the pipe is closed, and the child gets
// SIGPIPE when it writes on. close comes when every target has taken everything, or has failed, or
// CloseGrace is over: those that are behind then lose the rest, as they do when a limit closes the
// pipes.
//
// FD and File are borrowed, and may be closed once the child was started; with Owned they are
// closed then. A Stream is borrowed, may not be Owned, and is not ended.
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

// teeStdio is what a Tee says.
type teeStdio struct{ targets []Stdio }

// A TeeError says that a target of a [Tee] takes no more.
type TeeError struct {
	Slot   int   // of the Tee
	Target int   // its index among the arguments of Tee, where another Tee counts as its targets
	Err    error // a *streams.OpError, or streams.ErrClosed for a Stream that somebody has closed
}

// Error returns a text such as "target 2 of slot 1: brood: write fd 7: no space left on device".
func (e *TeeError) Error() string {
	return "target " + strconv.Itoa(e.Target) + " of slot " + strconv.Itoa(e.Slot) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *TeeError) Unwrap() error { return e.Err }

// piped reports whether the parent has a stream, too.
func (t *teeStdio) piped() bool {
	for _, s := range t.targets {
		if s.form == formPipe {
			return true
		}
	}
	return false
}

// mistake says what is wrong with t in slot i, "" if nothing.
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

// targetMistake is mistake for what s is as a target.
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

// foreignTarget finds a Stream of another loop, which only the goroutine of that one may use.
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

// target is one of a Tee while a child is being made.
type target struct {
	slot, index int
	fd          int // ours; -1 for none, or it is a stream's
	fresh       bool
	stream      *streams.Writable // of a Stream
}

// openTargets opens, in their round, what the Tees among the slots pass on to.
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

// openTarget opens one, and reports whether this was its round.
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

// writableOf returns the Writable of one of our streams, nil for what is none.
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

// mayWrite returns EBADF for a descriptor that is not open for writing.
func mayWrite(n int) error {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_ACCMODE == unix.O_RDONLY {
		return syscall.EBADF
	}
	return err
}

// tees makes what passes on from the streams of the slots. The descriptors of the targets are
// theirs afterwards; on an error those that are left are still the layout's.
func (a *layout) tees(l *reactor.Loop, o *Options, stdio []StdioStream) ([]*tee, error) {
	var made []*tee
	// They were opened in rounds.
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
