package childprocess

import (
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/streams"
)

// collector gathers the output of a child for the forms that wait for its end. When a limit is
// reached, it cuts the child off like a time-out: soft signal, then close of our ends of the pipes,
// because others who hold the far ends could delay close. It is used on the loop goroutine; after
// close, any one goroutine may read it.
type collector struct {
	c     *ChildProcess
	out   [][]byte // by slot, owned; nil: not captured
	size  int      // bytes captured, of all slots but tail
	limit int      // limit of size in bytes; < 0: none
	tail  int      // slot of which the last tailSize bytes are kept; 0: none
	input []byte   // rest of the input; borrowed from the caller
	// bytes that stdin's stream has to write by the exit, see expect; nil: not checked
	given func() int64
	stdin int // number of stdin's descriptor, for an error; valid with given

	pipeErr error       // first failure of a pipe
	onError func(error) // k.pipeFailed, made once

	captures [usualSlots]slotCapture // memory for the usual slots
}

// tailSize is the most that is kept of the slot in tail, in bytes.
const tailSize = 64 << 10

// inputChunk is the length of one write of the input, in bytes. The stream copies the bytes that
// the pipe does not take, so a longer write would copy more.
const inputChunk = 64 << 10

// newCollector must be called before the loop can run an event of the child c, which was started. A
// negative limit means none.
func newCollector(c *ChildProcess, limit int) *collector {
	k := &collector{c: c, limit: limit, out: make([][]byte, len(c.Stdio))}
	k.onError = k.pipeFailed
	c.limits.untilClose = true
	c.limits.closePipes = k.closePipes
	return k
}

// captureAll captures every pipe but stdin. If a pipe is a two-way socket, its writing half is
// ended at once.
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

// captureTail keeps the last tailSize bytes of slot i. They do not count towards the limit.
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

// slotCapture is the streams.DataWatcher of one captured slot.
type slotCapture struct {
	k    *collector
	slot int
}

// StreamData appends a copy of chunk.
func (s *slotCapture) StreamData(chunk []byte) {
	if s.slot == s.k.tail {
		s.k.addTail(s.slot, chunk)
	} else {
		s.k.add(s.slot, chunk)
	}
}

// add keeps the whole chunk that crosses the limit, so size may pass the limit by one read. Chunks
// after it are dropped. With OverflowDrain the chunk is cut at the limit instead.
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
		k.c.killFor(ErrMaxBuffer)
	}
}

// addTail keeps at least the last tailSize bytes of slot i.
func (k *collector) addTail(i int, chunk []byte) {
	b := append(k.out[i], chunk...)
	if len(b) > 2*tailSize { // Not with every chunk, because it moves the kept bytes.
		b = b[:copy(b, b[len(b)-tailSize:])]
	}
	k.out[i] = b
}

// feed writes the input to stdin, as fast as the pipe takes it, and then ends stdin.
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

// feedMore writes until the stream wants a pause. It is also the listener for the stream's drain.
func (k *collector) feedMore() {
	in := k.c.Stdin
	for len(k.input) > 0 && !in.NeedDrain() {
		n := min(len(k.input), inputChunk)
		if _, err := in.Write(k.input[:n]); err != nil {
			return // Stdin was destroyed; the cause is reported elsewhere.
		}
		k.input = k.input[n:]
	}
	if len(k.input) == 0 {
		in.End()
	}
}

// expect makes it an error if, after close, stdin's stream has written fewer bytes than given
// returns.
func (k *collector) expect(given func() int64) { k.given, k.stdin = given, k.c.Stdin.FD() }

// inputErr returns that error. It does not rely on the pipe's EPIPE: when the child's exit closes
// the last descriptor of the pipe, the loop may see the exit first.
func (k *collector) inputErr() error {
	if k.given == nil || k.given() <= k.c.Stdin.BytesWritten() {
		return nil
	}
	return &streams.OpError{Op: "write", FD: k.stdin, Err: syscall.EPIPE}
}

// pipeFailed is the listener for errors of all captured pipes and of stdin.
func (k *collector) pipeFailed(err error) {
	if k.pipeErr == nil {
		k.pipeErr = err
	}
}

// closePipes is limits.closePipes. It closes stdin too, because a form that waits for its child
// must not wait for the input.
func (k *collector) closePipes() {
	k.c.cutOff()
	k.c.streams[0].destroy()
}

// result must be called after close, once.
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

// fill writes as much of p as stdin's pipe takes, before the child exists. Otherwise a child that
// ignores a short input would cause EPIPE on some runs and not on others.
func (a *layout) fill(p []byte) int {
	if len(p) == 0 || a.parent[0] < 0 {
		return 0
	}
	for {
		n, err := unix.Write(a.parent[0], p)
		if err != unix.EINTR {
			return max(n, 0) // An error comes up again when the rest is written.
		}
	}
}
