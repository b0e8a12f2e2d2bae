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

// MaxOutput is the limit of the bytes that [OutputWith] captures when RunOptions.MaxBuffer is 0.
const MaxOutput = 64 << 20

// RunOptions are Options for the forms that wait on a goroutine. A nil *RunOptions means all
// defaults. The call neither keeps nor changes them. If a form cannot honour a field, it returns an
// *[ArgumentError] that names the field.
//
// Of Options, these differ from [Spawn]:
//
//   - Context must be nil, because the context of the call takes its place.
//   - KillGrace 0 is [CancelGrace], if Cancel is CancelSignal. Timeout and the context run until
//     close. When one of them kills the child, its pipes are closed, so descendants of the child
//     cannot delay the return.
//   - Stdio[0] is /dev/null, unless Input (the field or the function) says otherwise.
//   - Stdio[1] is a pipe that OutputWith and LinesWith read. For RunWith it is /dev/null by
//     default; StopWhen and IdleTimeout then see no output there.
//   - Stdio[2] is a pipe by default, and the last 64 KiB of it are in the error.
//   - A slot that the form does not read, and Stdio[2], may be Ignore, Inherit, FD, File (also
//     Owned), Path or SameAs. Slots 1 and 2 may be a Tee; where the form reads stdout, the Tee must
//     have a Pipe. Stream, PTY, IPC and other pipes need a loop of the caller and are refused.
//   - Async, StopEvents, Encoding, Serialization, MaxMessage and MaxQueue are refused. LineEnd,
//     MaxLine and HighWaterMark are for LinesWith alone, Overflow for OutputWith alone.
type RunOptions struct {
	Options

	// MaxBuffer is the limit of the bytes of stdout that OutputWith captures. More output kills the
	// child, with [ErrMaxBuffer]. 0: MaxOutput; negative: no limit. RunWith and LinesWith refuse
	// it, because they keep no output.
	MaxBuffer int

	// Input is read and written to the child's stdin, followed by the end of file. Nil: the end of
	// file at once. Input is not closed.
	//
	// An *os.File becomes the child's stdin itself, and is borrowed: its offset moves, and the
	// caller can read the bytes that the child has left. If the file would be in non-blocking mode
	// in the child, as a connection would, it is read like any other Reader.
	//
	// Every other Reader is read on a goroutine of the call, no faster than the child reads. When
	// Read fails, the child is killed, with an *[InputError]. It is an error if the child closes
	// its stdin or exits before the pipe has taken all of a *bytes.Buffer, *bytes.Reader or
	// *strings.Reader, or all bytes that were read of another Reader: EPIPE, in a *streams.OpError,
	// unless there is another error. The pipe takes 64 KiB, or PipeCapacity, even if the child
	// reads nothing. How much has been read of another Reader when the child exits depends on
	// timing.
	//
	// After the child's exit no Read begins. A Read that is under way at the exit does not delay
	// the call. Until that Read returns, the Reader belongs to the goroutine, and the bytes that it
	// reads are lost. Closing a connection, for example, ends its Read.
	Input io.Reader
}

// use is the purpose that a form has for stdout.
type use uint8

const (
	useOutput use = iota // captured
	useNone              // not read
	useLines             // read as lines by the range statement
)

// run returns the Options for one call of a form, with their defaults, and the limit of captured
// bytes.
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

// slots returns a copy of Stdio with the defaults of the form.
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

// reader returns the source of stdin: the function Input or the field. nil: /dev/null.
func (o *RunOptions) reader() io.Reader {
	if len(o.Stdio) > 0 && o.Stdio[0].form == formInput {
		return o.Stdio[0].input
	}
	return o.Input
}

// unfit returns an *ArgumentError if the form cannot honour an option.
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

// unfitSlot returns the reason why slot i cannot be s, or "".
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

// isNilPointer reports whether the interface i holds a nil pointer; such an i is not nil itself.
func isNilPointer(i any) bool {
	v := reflect.ValueOf(i)
	return v.IsValid() && v.Kind() == reflect.Pointer && v.IsNil()
}
