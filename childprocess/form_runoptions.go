package childprocess

import (
	"context"
	"io"
	"reflect"
	"strconv"
	"time"
)

// CancelGrace is the time from the soft signal to SIGKILL for a child of [OutputWith], [RunWith] or
// [LinesWith], and their relatives without options, when RunOptions.KillGrace is 0.
const CancelGrace = 2 * time.Second

// MaxOutput is the most that [OutputWith] takes from a child, in bytes, when RunOptions.MaxBuffer
// is 0.
const MaxOutput = 64 << 20

// RunOptions are Options for the forms that wait on a goroutine. A nil *RunOptions means all
// defaults. They are not kept or changed. What a form cannot honour is refused with an
// *[ArgumentError] that names the field.
//
// Of Options, these differ from [Spawn]:
//
//   - Context must be nil: the context of the call takes its place.
//   - KillGrace 0 is [CancelGrace]. Timeout and the context count until close; when one of them
//     ends the child, its pipes are closed, so that what the child has started cannot delay the
//     return.
//   - Stdio[0] is what Input says, the field or the function, by default /dev/null. Stdio[1] is a
//     pipe that OutputWith and LinesWith read, and for RunWith /dev/null by default: StopWhen and
//     IdleTimeout know nothing of what is written there. Of Stdio[2], which is a pipe by default,
//     the end is in the error; 64 KiB are kept. In the place of a pipe that is not read by the
//     form, and above, a slot may be Ignore, Inherit, FD or File, also Owned, Path or SameAs, and
//     in 1 and 2 a Tee; a pipe that is read may be a Tee with a Pipe. Stream, PTY, IPC and other
//     pipes are for a child with a loop.
//   - Async, StopEvents, Encoding, Serialization, MaxMessage and MaxQueue are refused. LineEnd,
//     MaxLine and HighWaterMark are for LinesWith alone.
type RunOptions struct {
	Options

	// MaxBuffer is the most that OutputWith takes of stdout, in bytes; more ends the child, with
	// [ErrMaxBuffer]. 0: MaxOutput. Negative: no limit. RunWith and LinesWith, which keep no
	// output, refuse it.
	MaxBuffer int

	// Input is what the child reads from stdin before its end. Nil: the end only.
	//
	// An *os.File becomes the child's stdin itself, and is borrowed: what the child does not read
	// can be read from it afterwards, and its offset moves. (One that would be in non-blocking mode
	// in the child, such as a connection, is read as any other Reader.)
	//
	// Everything else is read on a goroutine of the call, no faster than the child reads. When Read
	// fails, the child is ended, with an *[InputError]. When the child closes its stdin or exits
	// before its pipe has taken all of a *bytes.Buffer, *bytes.Reader or *strings.Reader, or what
	// was read of another Reader by then, the error is a *streams.OpError with EPIPE, if there is
	// no other. (The pipe takes 64 KiB, or PipeCapacity, also for a child that reads none of it.
	// Whether more has been read of another Reader when such a child exits depends on who is
	// faster.)
	//
	// No Read is begun once the child has exited. One that is then under way does not keep the call
	// from returning: its goroutine ends when it returns, and what it has read is lost. Until then
	// the Reader belongs to that goroutine; a connection, say, is best closed. Input is not closed.
	Input io.Reader
}

// use is what a form does with stdout.
type use uint8

const (
	useOutput use = iota // it is captured
	useNone
	useLines
)

// run is o made ready for one call of a form, and the most that it captures.
func (o *RunOptions) run(ctx context.Context, u use, file string, args []string) (with Options, limit int, err error) {
	with = o.Options
	if err := o.unfit(u, ctx); err != nil {
		return with, 0, err
	}
	with.Stdio, with.Context = o.slots(u), ctx
	if with.KillGrace == 0 && with.Cancel == CancelSignal {
		with.KillGrace = CancelGrace
	}
	if limit = o.MaxBuffer; limit == 0 {
		limit = MaxOutput
	}
	return with, limit, with.closedNumber(taskOp, file, args)
}

// slots returns Stdio with the defaults of the form.
func (o *RunOptions) slots(u use) []Stdio {
	defaults := [standardSlots]Stdio{Ignore, Pipe, Pipe}
	if o.reader() != nil {
		defaults[0] = Pipe
	}
	if u == useNone {
		defaults[1] = Ignore
	}
	slots := make([]Stdio, max(len(o.Stdio), len(defaults)))
	copy(slots, o.Stdio)
	for i, s := range defaults {
		if slots[i].form == formDefault || slots[i].form == formInput {
			slots[i] = s
		}
	}
	return slots
}

// reader returns what the child is to read, whichever way it was given; nil for nothing.
func (o *RunOptions) reader() io.Reader {
	if len(o.Stdio) > 0 && o.Stdio[0].form == formInput {
		return o.Stdio[0].input
	}
	return o.Input
}

// unfit finds what the form cannot honour.
func (o *RunOptions) unfit(u use, ctx context.Context) error {
	bad := func(name, reason string) error { return &ArgumentError{taskOp, name, reason} }
	rest := o.Options
	if u == useLines {
		rest.LineEnd, rest.MaxLine, rest.HighWaterMark = 0, 0, 0
	}
	switch {
	case ctx == nil:
		return bad("ctx", "is nil")
	case o.Context != nil:
		return bad("Context", "is given, beside the context of the call")
	case o.MaxBuffer != 0 && u != useOutput:
		return bad("MaxBuffer", "is for OutputWith")
	case o.Overflow != OverflowEnd && u != useOutput:
		return bad("Overflow", "is for OutputWith")
	case isNilPointer(o.Input):
		return bad("Input", "is a nil pointer")
	}
	if err := rest.needsListeners(taskOp); err != nil {
		return err
	}
	for i, s := range o.Stdio {
		if reason := o.unfitSlot(u, i, s); reason != "" {
			return bad("Stdio["+strconv.Itoa(i)+"]", reason)
		}
	}
	return nil
}

// unfitSlot says why the form cannot have s in slot i, "" if it can.
func (o *RunOptions) unfitSlot(u use, i int, s Stdio) string {
	read := i == 2 || i == 1 && u != useNone
	switch s.form {
	case formDefault:
	case formPipe:
		if !read && i != 0 {
			return "is a pipe that nobody reads"
		}
	case formInput:
		switch {
		case i != 0:
			return "is an Input, which only slot 0 can be"
		case o.Input != nil:
			return "is given, beside Input"
		}
		return s.mistake()
	case formTee:
		if reason := s.tee.mistake(i); reason != "" {
			return reason
		}
		switch {
		case s.needsLoop():
			return "is a form that needs a loop of the caller"
		case s.tee.piped() && !read:
			return "is a Tee with a pipe that nobody reads"
		case !s.tee.piped() && i == 1 && read:
			return "is what the call reads: the Tee has no Pipe"
		}
	case formIgnore, formInherit, formFD, formFile, formPath, formSameAs:
		switch {
		case i == 1 && read:
			return "is what the call reads"
		case i == 0 && o.Input != nil:
			return "is given, beside Input"
		}
	default:
		return "is a form that needs a loop of the caller"
	}
	return ""
}

// isNilPointer also knows the nil pointer in an interface that is not nil.
func isNilPointer(r io.Reader) bool {
	v := reflect.ValueOf(r)
	return v.IsValid() && v.Kind() == reflect.Pointer && v.IsNil()
}
