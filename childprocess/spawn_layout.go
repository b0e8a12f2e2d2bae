package childprocess

import (
	"os"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// layout is the table of descriptors for one child while it is being made.
type layout struct {
	slots        []int // the descriptors that the child gets, by slot; process.Closed for none
	parent       []int // our end of each slot's pipe, -1 where there is none
	ipc          int   // the slot of the channel, -1 if there is none
	spare        []int // descriptors to close after the fork: the child's ends, opened files
	stdio        []Stdio
	pipeCapacity int                // Options.PipeCapacity
	memory       [3][usualSlots]int // of slots, parent and spare

	terminal terminalEnds
	owner    *uint32 // of the terminal; nil: this user
	ruleset  int     // a copy of Options.Landlock; process.Closed if there is none

	targets []target // of Tees

	starter *process.Starter // its reserved numbers are given up when descriptors are short
}

// standardSlots is how many slots a child has at least: stdin, stdout and stderr.
const standardSlots = 3

// usualSlots is how many slots a child has, but for few.
const usualSlots = 4

// open opens what o asks for. On an error everything that it has opened is closed again.
//
// What the child is to share with this program is looked at first, and s takes its numbers
// afterwards. A number that is not open here could else be found open, because a pipe of the same
// child has just got it.
func (a *layout) open(o *Options, s *process.Starter) (err error) {
	n := slotCount(o.Stdio)
	*a = layout{
		stdio: o.Stdio, ipc: -1, terminal: noTerminal, owner: o.UID, ruleset: process.Closed, starter: s, pipeCapacity: o.PipeCapacity,
	}
	a.slots, a.parent, a.spare = a.memory[0][:0], a.memory[1][:0], a.memory[2][:0]
	for range n {
		a.slots, a.parent = append(a.slots, process.Closed), append(a.parent, -1)
	}
	for round := range rounds {
		for i := range n {
			if a.slot(i).round() != round {
				continue
			}
			if a.slots[i], err = a.openSlot(i); err != nil {
				a.close()
				return &slotError{i, err}
			}
		}
		if err = a.openTargets(round); err != nil {
			a.close()
			return err
		}
		s.Reserve()
	}
	if o.Async {
		if err := a.copyShared(); err != nil {
			a.close()
			return err
		}
	}
	if o.Landlock != nil {
		if a.ruleset, err = duplicateFile(o.Landlock, n); err != nil {
			a.close()
			return &rulesetError{err}
		}
		a.spare = append(a.spare, a.ruleset)
	}
	a.copySame()
	return nil
}

// The rounds in which open goes through the slots. What is opened by name comes last: that can
// create a file or empty one, which cannot be undone when something else is not to be had.
const (
	roundShared = iota // those that are only looked at
	roundCopies
	roundMade
	roundPaths
	rounds
	roundNever // see copySame
)

// round says when a slot is opened.
func (s Stdio) round() int {
	switch s.form {
	case formInherit, formFD, formStream:
		return roundShared
	case formFile, formSocket:
		return roundCopies
	case formPath:
		return roundPaths
	case formSameAs:
		return roundNever
	}
	return roundMade
}

// copyShared has the child share copies of the descriptors, for an Async child: when it is forked
// its caller may have closed them, as Owned does.
func (a *layout) copyShared() error {
	for i, shared := range a.slots {
		if a.slot(i).round() != roundShared {
			continue
		}
		dup, err := fd.Duplicate(shared, 0)
		if err != nil {
			return &slotError{i, err}
		}
		a.spare = append(a.spare, dup)
		a.slots[i] = dup
	}
	return nil
}

// slot returns what is asked for in slot i.
func (a *layout) slot(i int) Stdio {
	if i < len(a.stdio) {
		return a.stdio[i]
	}
	return Stdio{}
}

// slotError says for which slot a descriptor could not be had.
type slotError struct {
	slot int
	err  error
}

// rulesetError says that Options.Landlock could not be copied.
type rulesetError struct{ err error }

func (e *rulesetError) Error() string { return "landlock: " + e.err.Error() }
func (e *rulesetError) Unwrap() error { return e.err }

func (e *slotError) name() string  { return "slot " + strconv.Itoa(e.slot) }
func (e *slotError) Error() string { return e.name() + ": " + e.err.Error() }
func (e *slotError) Unwrap() error { return e.err }

// openSlot prepares slot i and returns the descriptor that the child gets there.
func (a *layout) openSlot(i int) (int, error) {
	s := a.slot(i)
	if s.isPipe(i) {
		return a.openPipe(i)
	}
	switch s.form {
	case formDefault:
		return process.Closed, nil
	case formIPC:
		return a.openChannel(i)
	case formIgnore:
		return a.openNull(i)
	case formInherit:
		return a.borrow(i, a.lowest(i))
	case formFD:
		return a.borrow(s.fd, a.lowest(i))
	case formPath:
		return a.openPath(s.path)
	case formFile:
		return a.openFile(s.file)
	case formSocket:
		dup, err := duplicateFile(s.socket, standardSlots)
		if err == nil {
			a.spare = append(a.spare, dup)
		}
		return dup, err
	case formPTY:
		return a.openTerminal()
	case formTee:
		return a.openPipe(i)
	default:
		return a.openStream(s, a.lowest(i))
	}
}

func (a *layout) openPipe(i int) (int, error) {
	var ours, theirs int
	var err error
	switch i {
	case 0:
		theirs, ours, err = fd.Pipe()
	case 1, 2:
		ours, theirs, err = fd.Pipe()
	default:
		ours, theirs, err = fd.SocketPair()
	}
	if err != nil {
		return 0, err
	}
	a.parent[i] = ours
	a.spare = append(a.spare, theirs)
	if a.pipeCapacity > 0 && i < standardSlots {
		if err := fd.SetPipeSize(ours, a.pipeCapacity); err != nil {
			return 0, &pathError{"PipeCapacity", err}
		}
	}
	// F_SETFL takes no notice of the access mode, and a new pipe has no other flag: one call is
	// enough.
	_, err = unix.FcntlInt(uintptr(ours), unix.F_SETFL, unix.O_NONBLOCK)
	return theirs, err
}

// openChannel leaves the mode of our end to the channel.
func (a *layout) openChannel(i int) (int, error) {
	ours, theirs, err := fd.SocketPair()
	if err != nil {
		return 0, err
	}
	a.ipc = i
	a.parent[i] = ours
	a.spare = append(a.spare, theirs)
	return theirs, nil
}

func (a *layout) openNull(i int) (int, error) {
	if i > 2 {
		return process.Closed, nil
	}
	mode := unix.O_RDWR
	if i == 0 {
		mode = unix.O_RDONLY
	}
	fd, err := unix.Open(os.DevNull, mode|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	a.spare = append(a.spare, fd)
	return fd, nil
}

// borrow checks a descriptor of the parent that the child will share in slot i. Programs do not
// expect EAGAIN from their standard descriptors.
func (a *layout) borrow(n, i int) (int, error) {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err != nil || i > 2 || flags&unix.O_NONBLOCK == 0 {
		return n, err
	}
	return a.inBlockingMode(n)
}

// inBlockingMode returns n for a child that expects blocking mode. The mode is not changed (libuv
// does that, uv_spawn): it is everybody's who has the open file description, the parent's
// net.Listener perhaps, which would hang. The child gets a description of its own where there can
// be one, and else n as it is: a socket. A file knows no other mode.
func (a *layout) inBlockingMode(n int) (int, error) {
	again, err := fd.Reopen(n, false)
	switch err {
	case nil:
		a.spare = append(a.spare, again)
		return again, nil
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
		return 0, err
	}
	return n, nil
}

// openFile takes a copy, since f may be closed on another goroutine while we fork. Calling f.Fd
// would do that too, but would leave f in blocking mode for good without f knowing. What Go opens
// is in non-blocking mode, which concerns the child in no slot.
func (a *layout) openFile(f *os.File) (int, error) {
	dup, err := duplicateFile(f, standardSlots)
	if err != nil {
		return 0, err
	}
	a.spare = append(a.spare, dup)
	return a.borrow(dup, 0)
}

// duplicateFile returns a descriptor of f that is the caller's, with a number that is not below
// lowest.
func duplicateFile(f syscall.Conn, lowest int) (dup int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return -1, syscall.EBADF // Closed.
	}
	ctlErr := conn.Control(func(p uintptr) { dup, err = fd.Duplicate(int(p), lowest) })
	if ctlErr != nil {
		return -1, syscall.EBADF // Closed.
	}
	return dup, err
}

// openStream borrows the descriptor of one of our streams, which has to know that it is shared now.
func (a *layout) openStream(s Stdio, i int) (int, error) {
	stream := s.stream
	if t, ok := stream.(*Terminal); ok {
		stream = t.Duplex
	}
	if d, ok := stream.(*streams.Duplex); ok {
		// Its halves have one descriptor: lending one lends both, and this one pauses.
		stream = d.Readable
	}
	lender, ok := stream.(interface{ Lend() (int, error) })
	if !ok {
		return a.borrow(stream.FD(), i)
	}
	fd, err := lender.Lend()
	if err != nil {
		return 0, syscall.EBADF // Closed.
	}
	return fd, nil
}

// closeSpare closes what only the child needs, after the fork.
func (a *layout) closeSpare() {
	fd.Close(a.spare...)
	a.spare = nil
}

// close gives up everything.
func (a *layout) close() {
	a.closeSpare()
	fd.Close(a.parent...)
	for i := range a.targets {
		fd.Close(a.targets[i].fd)
	}
	a.targets = nil
	a.terminal.close()
}

// streams makes the parent's streams, in the memory of out, which is empty, and the terminal, nil
// if there is none. The descriptors are the streams' afterwards; on an error all are closed.
func (a *layout) streams(l *reactor.Loop, o *Options, out []StdioStream) ([]StdioStream, *Terminal, error) {
	with := streams.DuplexOptions{
		Readable: streams.ReadableOptions{LineEnd: o.LineEnd, MaxLine: o.MaxLine, HighWaterMark: o.HighWaterMark, Fresh: true, KeepSize: o.PipeCapacity > 0},
		Writable: streams.WritableOptions{HighWaterMark: o.HighWaterMark, Fresh: true, KeepSize: o.PipeCapacity > 0},
	}
	out = slices.Grow(out, len(a.parent))[:len(a.parent)]
	for i, fd := range a.parent {
		if fd < 0 {
			continue
		}
		// See openPipe.
		with.Readable.Pipe, with.Writable.Pipe = i < standardSlots, i < standardSlots
		var err error
		switch i {
		case 0:
			out[i].Writable, err = streams.NewWritable(l, fd, &with.Writable)
		case 1, 2:
			out[i].Readable, err = streams.NewReadable(l, fd, &with.Readable)
		default:
			var d *streams.Duplex
			if d, err = streams.NewDuplex(l, fd, &with); err == nil {
				out[i] = StdioStream{d.Readable, d.Writable}
			}
		}
		if err != nil {
			a.closeWith(out)
			return nil, nil, err
		}
		a.parent[i] = -1
	}
	terminal, err := a.terminal.newTerminal(l, &with)
	if err != nil {
		a.closeWith(out)
		return nil, nil, err
	}
	return out, terminal, nil
}

// closeWith is close when some of the streams are there.
func (a *layout) closeWith(made []StdioStream) {
	a.close()
	for _, s := range made {
		s.destroy()
	}
}

func (s StdioStream) destroy() {
	if s.Readable != nil {
		s.Readable.Destroy(nil)
	}
	if s.Writable != nil {
		s.Writable.Destroy(nil)
	}
}
