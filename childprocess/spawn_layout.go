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

// layout is the descriptor table of one child while it is started. It owns all descriptors that it
// has opened, until streams and channel take over the parent's ends and closeSpare closes the
// child's. It is used on the goroutine that starts the child; then, for adopt, on the loop
// goroutine.
type layout struct {
	slots        []int   // the child's descriptors, by slot, also borrowed ones; process.Closed: none
	parent       []int   // the parent's end of each slot's pipe, owned; -1: none
	ipc          int     // slot of the channel; -1: none
	spare        []int   // to be closed after the fork, owned: the child's ends, copies, opened files
	stdio        []Stdio // Options.Stdio, borrowed
	pipeCapacity int     // Options.PipeCapacity, in bytes; 0: the system's
	// holds slots, parent and spare, so an open layout must not be copied
	memory [3][usualSlots]int

	terminal terminalEnds
	owner    *uint32 // the terminal's new owner; nil: this user
	ruleset  int     // copy of Options.Landlock, in spare; process.Closed: none

	targets []target // of Tees, with owned descriptors

	starter *process.Starter // gives up its reserved numbers when descriptors are short
}

// standardSlots is the least slots of a child: stdin, stdout and stderr.
const standardSlots = 3

// usualSlots is the number of slots for which there is memory without another allocation.
const usualSlots = 4

// open opens the descriptors that o asks for. On an error it closes those that it has opened.
//
// Descriptors that the child shares with this program are checked first, before pipes are made and
// s reserves its numbers. Otherwise a number that is not open would pass the check if a pipe of the
// same child had just got it.
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
		if round == roundPaths {
			err = a.copyBorrowed(o)
		}
		for i := 0; i < n && err == nil; i++ {
			if a.slot(i).round() != round {
				continue
			}
			if a.slots[i], err = a.openSlot(i); err != nil {
				err = &slotError{i, err}
			}
		}
		if err == nil {
			err = a.openTargets(round)
		}
		if err != nil {
			a.close()
			return err
		}
		s.Reserve()
	}
	a.copySame()
	return nil
}

// The rounds in which open handles the slots. Files opened by name come last, after everything else
// that can fail: open(2) can create or truncate a file, which cannot be undone, and a second open,
// once the starter has given up its numbers, would find the file.
const (
	roundShared = iota // checked, and opened again only for their mode, see inBlockingMode
	roundCopies        // copies of descriptors
	roundMade          // pipes, sockets, terminals
	roundPaths         // files opened by name
	rounds
	roundNever // see copySame
)

// round returns the round in which open handles s.
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

// copyBorrowed copies Landlock, to a number that is no slot, and for an Async child the shared
// descriptors, because the caller, or Owned, may close the originals before it is forked. It can
// fail, so it comes before roundPaths.
func (a *layout) copyBorrowed(o *Options) (err error) {
	for i, shared := range a.slots {
		if !o.Async || a.slot(i).round() != roundShared {
			continue
		}
		dup, err := fd.Duplicate(shared, 0)
		if err != nil {
			return &slotError{i, err}
		}
		a.spare = append(a.spare, dup)
		a.slots[i] = dup
	}
	if o.Landlock == nil {
		return nil
	}
	if a.ruleset, err = duplicateFile(o.Landlock, len(a.slots)); err != nil {
		a.ruleset = process.Closed
		return &rulesetError{err}
	}
	a.spare = append(a.spare, a.ruleset)
	return nil
}

// slot returns the Stdio of slot i.
func (a *layout) slot(i int) Stdio {
	if i < len(a.stdio) {
		return a.stdio[i]
	}
	return Stdio{}
}

// slotError names the slot whose descriptor could not be opened.
type slotError struct {
	slot int
	err  error
}

// rulesetError is the error of copying Options.Landlock.
type rulesetError struct{ err error }

func (e *rulesetError) Error() string { return "landlock: " + e.err.Error() }
func (e *rulesetError) Unwrap() error { return e.err }

func (e *slotError) name() string  { return "slot " + strconv.Itoa(e.slot) }
func (e *slotError) Error() string { return e.name() + ": " + e.err.Error() }
func (e *slotError) Unwrap() error { return e.err }

// openSlot opens slot i and returns the child's descriptor.
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

// openPipe opens a pipe(7), or for a slot above 2 a socketpair(2). The child's end is blocking,
// ours is not.
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
	// One fcntl(2) is enough: F_SETFL ignores the access mode, and a new pipe has no other flag.
	_, err = unix.FcntlInt(uintptr(ours), unix.F_SETFL, unix.O_NONBLOCK)
	return theirs, err
}

// openChannel makes a socketpair(2). The channel will set the blocking mode of our end.
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

// openNull opens /dev/null for a standard slot; another slot is closed.
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

// borrow checks that descriptor n of this program is open; the child will share it in slot i. In a
// standard slot it should be blocking, because programs do not expect EAGAIN there.
func (a *layout) borrow(n, i int) (int, error) {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0)
	if err != nil || i > 2 || flags&unix.O_NONBLOCK == 0 {
		return n, err
	}
	return a.inBlockingMode(n)
}

// inBlockingMode returns a descriptor of n's file in blocking mode. It opens the file again,
// because the mode belongs to the open file description: changing it, as libuv's uv_spawn does,
// would block every other user of it, such as this program's net.Listener. n is returned if the
// file cannot be opened again (a socket), or has no such mode (a regular file).
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

// openFile copies f's descriptor, because another goroutine may close f during the fork. f.Fd would
// not help, and would leave f in blocking mode. Files opened by Go are non-blocking; whatever the
// slot, the child gets a blocking description if there can be one.
func (a *layout) openFile(f *os.File) (int, error) {
	dup, err := duplicateFile(f, standardSlots)
	if err != nil {
		return 0, err
	}
	a.spare = append(a.spare, dup)
	return a.borrow(dup, 0)
}

// duplicateFile returns a copy of f's descriptor, not below lowest, which the caller owns.
func duplicateFile(f syscall.Conn, lowest int) (dup int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return -1, syscall.EBADF // f is closed.
	}
	ctlErr := conn.Control(func(p uintptr) { dup, err = fd.Duplicate(int(p), lowest) })
	if ctlErr != nil {
		return -1, syscall.EBADF // f is closed.
	}
	return dup, err
}

// openStream borrows the descriptor of a stream, and marks the stream as lent: reading it pauses.
func (a *layout) openStream(s Stdio, i int) (int, error) {
	stream := s.stream
	if t, ok := stream.(*Terminal); ok {
		stream = t.Duplex
	}
	if d, ok := stream.(*streams.Duplex); ok {
		// Both halves have one descriptor, so lending the Readable lends both, and it pauses.
		stream = d.Readable
	}
	lender, ok := stream.(interface{ Lend() (int, error) })
	if !ok {
		return a.borrow(stream.FD(), i)
	}
	fd, err := lender.Lend()
	if err != nil {
		return 0, syscall.EBADF // The stream is closed.
	}
	return fd, nil
}

// closeSpare closes the descriptors that only the child needs. It is called after the fork.
func (a *layout) closeSpare() {
	fd.Close(a.spare...)
	a.spare = nil
}

// close closes every descriptor that a owns.
func (a *layout) close() {
	a.closeSpare()
	fd.Close(a.parent...)
	for i := range a.targets {
		fd.Close(a.targets[i].fd)
	}
	a.targets = nil
	a.terminal.close()
}

// streams makes the parent's streams, in the memory of out, which must be empty, and the terminal,
// nil without one. They own the descriptors afterwards; on an error all are closed.
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
		// openPipe has made a pipe(7) for these, and a socket for the others.
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

// closeWith is close for a layout of which some streams were made.
func (a *layout) closeWith(made []StdioStream) {
	a.close()
	for _, s := range made {
		s.destroy()
	}
}

// destroy destroys both halves, if there are any.
func (s StdioStream) destroy() {
	if s.Readable != nil {
		s.Readable.Destroy(nil)
	}
	if s.Writable != nil {
		s.Writable.Destroy(nil)
	}
}
