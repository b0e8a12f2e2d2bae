package childprocess

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

// collector gathers what a child writes, for the forms that wait for its end. When it has had
// enough it ends the child as a time-out does: by the soft signal, and by closing our ends of the
// pipes, so that nobody else who has the other ends can delay close. It is used on the loop
// goroutine, and by anybody after close.
type collector struct {
	c     *ChildProcess
	out   [][]byte // by slot; not nil for those that are captured
	size  int      // bytes captured, of all slots together
	limit int      // the most that size may be; < 0: no limit
	tail  int      // the slot of which only the end is captured; 0: none
	input []byte   // what stdin has still to get
	// how much of the input was to go through stdin's stream, in bytes; nil: nothing
	given func() int64
	stdin int // its descriptor, while it was open

	pipeErr error       // the first failure of a pipe
	onError func(error) // pipeFailed

	captures [usualSlots]slotCapture // memory
}

// tailSize is the most that is kept of an output of which only the end matters, in bytes.
const tailSize = 64 << 10

// inputChunk is how much of the input is written at once: what the pipe does not take of it is
// copied.
const inputChunk = 64 << 10

// newCollector is called before anything can have happened to the child, which was started.
func newCollector(c *ChildProcess, limit int) *collector {
	k := &collector{c: c, limit: limit, out: make([][]byte, len(c.Stdio))}
	k.onError = k.pipeFailed
	c.limits.untilClose = true
	c.limits.closePipes = k.closePipes
	return k
}

// captureAll captures every pipe but stdin. Those that lead both ways get their end at once.
func (k *collector) captureAll() {
	for i, s := range k.c.Stdio {
		if s.Readable == nil {
			continue
		}
		if s.Writable != nil {
			s.Writable.End()
		}
		k.capture(i)
	}
}

// captureTail keeps the end of what comes through slot i, which does not count.
func (k *collector) captureTail(i int) {
	k.tail = i
	k.capture(i)
}

func (k *collector) capture(i int) {
	k.out[i] = []byte{}
	s := new(slotCapture)
	if i < len(k.captures) {
		s = &k.captures[i]
	}
	*s = slotCapture{k, i}
	k.c.Stdio[i].Readable.NotifyData(s)
	k.c.Stdio[i].Readable.OnError(k.onError)
}

// slotCapture is what gathers the output of one slot.
type slotCapture struct {
	k    *collector
	slot int
}

// StreamData is called with each chunk.
func (s *slotCapture) StreamData(chunk []byte) {
	if s.slot == s.k.tail {
		s.k.addTail(s.slot, chunk)
	} else {
		s.k.add(s.slot, chunk)
	}
}

// add may go over the limit by as much as was read at once: what has come is kept. What follows is
// not.
func (k *collector) add(i int, chunk []byte) {
	if k.limit >= 0 && k.size > k.limit {
		return
	}
	if k.limit >= 0 && k.size+len(chunk) > k.limit && k.c.dropsOverflow() {
		chunk = chunk[:k.limit-k.size]
	}
	k.out[i] = append(k.out[i], chunk...)
	k.size += len(chunk)
	if k.limit >= 0 && k.size > k.limit {
		k.c.holdOverflow(k.c.Stdio[i].Readable)
		// Not now: killFor may call the program, which a stream's data must not.
		k.c.loop.NextTick(func() { k.c.killFor(ErrMaxBuffer) })
	}
}

func (k *collector) addTail(i int, chunk []byte) {
	b := append(k.out[i], chunk...)
	if len(b) > 2*tailSize { // Not with every chunk: it moves what is kept.
		b = b[:copy(b, b[len(b)-tailSize:])]
	}
	k.out[i] = b
}

// feed writes the input to stdin and then ends it. It goes on when what was written has left.
func (k *collector) feed(input []byte) {
	in := k.c.Stdin
	if in == nil {
		return
	}
	k.input = input
	if len(input) > 0 {
		k.expect(func() int64 { return int64(len(input)) })
		in.OnError(k.onError)
		in.OnDrain(k.feedMore)
	}
	k.feedMore()
}

func (k *collector) feedMore() {
	in := k.c.Stdin
	for len(k.input) > 0 && !in.NeedDrain() {
		n := min(len(k.input), inputChunk)
		if _, err := in.Write(k.input[:n]); err != nil {
			return // It was destroyed, for a reason that is known.
		}
		k.input = k.input[n:]
	}
	if len(k.input) == 0 {
		in.End()
	}
}

// expect has it be an error that the child does not read as much as given returns at its end.
func (k *collector) expect(given func() int64) { k.given, k.stdin = given, k.c.Stdin.FD() }

// inputErr is that error. A child whose last descriptor of the pipe closes with its exit may be
// seen to have exited before the pipe is seen to be broken.
func (k *collector) inputErr() error {
	if k.given == nil || k.given() <= k.c.Stdin.BytesWritten() {
		return nil
	}
	return &streams.OpError{Op: "write", FD: k.stdin, Err: syscall.EPIPE}
}

func (k *collector) pipeFailed(err error) {
	if k.pipeErr == nil {
		k.pipeErr = err
	}
}

// closePipes closes stdin too: the end of a form that waits for its child does not wait for the
// input.
func (k *collector) closePipes() {
	k.c.cutOff()
	k.c.streams[0].destroy()
}

// result is valid after close.
func (k *collector) result() *SyncResult {
	if k.tail > 0 {
		b := k.out[k.tail]
		k.out[k.tail] = b[max(0, len(b)-tailSize):]
	}
	r := &SyncResult{Pid: k.c.process.Pid, Output: k.out, Status: k.c.status, Err: k.c.status.Cause}
	r.Stdout, r.Stderr = k.out[1], k.out[2]
	if r.Err == ErrEnough {
		r.Err = nil
		return r
	}
	if r.Err == nil {
		r.Err = k.pipeErr
	}
	if r.Err == nil {
		r.Err = k.c.teeErr
	}
	if r.Err == nil {
		r.Err = k.inputErr()
	}
	if r.Err == nil {
		r.Err = k.c.inputErr
	}
	if r.Err == nil {
		r.Err = k.c.waitErr
	}
	return r
}

// fill writes what the pipe of stdin takes of p now, before there is a child that could close it:
// whether a child that does not read a short input makes EPIPE of it must not depend on who is
// faster.
func (a *layout) fill(p []byte) int {
	if len(p) == 0 || a.parent[0] < 0 {
		return 0
	}
	for {
		n, err := unix.Write(a.parent[0], p)
		if err != unix.EINTR {
			return max(n, 0) // What an error is about comes up when the rest is written.
		}
	}
}
