package pool

import (
	"os"
	"slices"
	"sync"

	"github.com/brood-go/brood/reactor"
)

const (
	// clogged is the size of serveDoor.outBytes from which on no further job is begun and Job.Write
	// waits, because the parent does not read: bytes.
	clogged = 1 << 20

	// entryCost is the number of bytes that each message counts for besides its own, so that many
	// small ones are bounded too.
	entryCost = 64

	// At most mostSpare frames of up to spareSize bytes are kept to be used again.
	spareSize = 64 << 10
	mostSpare = 16
)

// serveDoor is the state that the loop goroutine and those of the handlers share: jobs go in,
// messages come out. All other state of a server belongs to the loop goroutine.
//
// Its methods are safe to call from any goroutine, except takeFirst, setBroken, markEnded, push and
// wakeWriters, for which mu must be held.
type serveDoor struct {
	loop   *reactor.Loop
	onOut  func() // called on the loop goroutine when messages are in out
	onLoop bool   // all callers are on the loop goroutine and flush: nothing is posted

	mu       sync.Mutex // no other mutex is locked under it
	wake     sync.Cond  // runners wait for a job, and until the door is not clogged
	queue    []*Job     // waiting jobs from index first on, in order
	first    int
	idle     int   // runners that wait
	runners  int   // goroutines
	closed   bool  // no runner takes a job any more
	broken   error // the reason why nothing can be sent any more; nil: none
	out      []outgoing
	outBytes int      // bytes in out and in the loop's outbox
	posted   bool     // onOut was posted and has not collected
	spare    [][]byte // empty, for frames
	stalled  []*Job   // jobs with a wakeWrite: their Write waits
}

// outgoing is a message on its way to the loop.
type outgoing struct {
	job    *Job // nil for a notice
	kind   outgoingKind
	frame  []byte   // nil for progress, whose latest frame the job has
	attach *os.File // attachment of an answer, owned; nil: none
}

type outgoingKind uint8

const (
	outAnswer   outgoingKind = iota // the last message of a job
	outProgress                     // progress of a job
	outChunk                        // chunk of a job
	outNotice                       // message of no job
)

func newDoor(l *reactor.Loop, onOut func()) *serveDoor {
	d := &serveDoor{loop: l, onOut: onOut}
	d.wake.L = &d.mu
	return d
}

// queueForRunner queues a job for one of at most limit runners, and starts one if none is idle.
func (d *serveDoor) queueForRunner(j *Job, limit int, run func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, j)
	switch {
	case d.idle >= len(d.queue)-d.first:
		d.wake.Signal()
	case d.runners < limit:
		d.runners++
		d.start(run)
	}
}

// queueForNext queues a job that the loop takes by next.
func (d *serveDoor) queueForNext(j *Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, j)
}

// next returns the next job, or nil if there is none or none may begin. It does not wait.
func (d *serveDoor) next() *Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.first == len(d.queue) || d.outBytes >= clogged {
		return nil
	}
	return d.takeFirst()
}

// start starts a runner. It ends when it has no job and the door is closed. Nothing waits for that,
// because a handler cannot be interrupted; a runner without a job only uses the door.
func (d *serveDoor) start(run func()) { go run() }

// take waits for the next job of a runner. It returns nil when the runner is to end.
func (d *serveDoor) take() *Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	for !d.closed && (d.first == len(d.queue) || d.outBytes >= clogged) {
		d.idle++
		d.wake.Wait()
		d.idle--
	}
	if d.closed {
		d.runners--
		return nil
	}
	return d.takeFirst()
}

func (d *serveDoor) takeFirst() *Job {
	j := d.queue[d.first]
	d.queue[d.first] = nil
	d.first++
	if d.first == len(d.queue) {
		d.queue, d.first = d.queue[:0], 0
	} else if d.first >= 64 && d.first >= len(d.queue)/2 {
		d.queue, d.first = slices.Delete(d.queue, 0, d.first), 0
	}
	return j
}

// withdraw takes a job out of the queue. It returns false if a runner has taken it.
func (d *serveDoor) withdraw(j *Job) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := slices.Index(d.queue[d.first:], j)
	if i < 0 {
		return false
	}
	d.queue = slices.Delete(d.queue, d.first+i, d.first+i+1)
	return true
}

func (d *serveDoor) withdrawAll() []*Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	jobs := slices.Clone(d.queue[d.first:])
	clear(d.queue)
	d.queue, d.first = d.queue[:0], 0
	return jobs
}

// close ends the runners. Messages are refused with broken from now on.
func (d *serveDoor) close(broken error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.setBroken(broken)
	d.wake.Broadcast()
}

// refuseSends makes later messages fail with err.
func (d *serveDoor) refuseSends(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setBroken(err)
}

// setBroken sets the reason why messages fail, unless there is one, and wakes the Writes that wait.
func (d *serveDoor) setBroken(err error) {
	if d.broken == nil {
		d.broken = err
	}
	d.wakeWriters()
}

// answer queues the last message of a job, and ends the job. It takes ownership of attach, which
// may be nil.
func (d *serveDoor) answer(j *Job, frame []byte, attach *os.File) {
	d.mu.Lock()
	d.markEnded(j)
	post := false
	if d.closed {
		closeFile(attach)
	} else {
		post = d.push(outgoing{job: j, kind: outAnswer, frame: frame, attach: attach})
	}
	d.mu.Unlock()
	d.post(post)
}

// finishJob ends a job whose answer does not go through the door.
func (d *serveDoor) finishJob(j *Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.markEnded(j)
}

// markEnded makes later messages of a job fail. It forgets a Write that waits, because with OnLoop
// the next job may use the same memory.
func (d *serveDoor) markEnded(j *Job) {
	j.ended = true
	if j.wakeWrite != nil {
		d.stalled = slices.DeleteFunc(d.stalled, func(other *Job) bool { return other == j })
		j.wakeWrite = nil
	}
}

// progress sets the latest progress of a job, and queues a message if none is queued.
func (d *serveDoor) progress(j *Job, frame []byte) error {
	d.mu.Lock()
	err := j.sendError()
	post := false
	if err == nil {
		if j.progress == nil {
			post = d.push(outgoing{job: j, kind: outProgress})
		}
		j.progress = frame
	}
	d.mu.Unlock()
	d.post(post)
	return err
}

// takeProgress takes the latest progress of a job, nil if there is none.
func (d *serveDoor) takeProgress(j *Job) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	frame := j.progress
	j.progress = nil
	return frame
}

// notice queues a message that belongs to no job, unless nothing can be sent any more.
func (d *serveDoor) notice(frame []byte) {
	d.mu.Lock()
	post := d.broken == nil && d.push(outgoing{kind: outNotice, frame: frame})
	d.mu.Unlock()
	d.post(post)
}

// reserveCredit takes up to want bytes of a job's credit for a chunk. If there is none, n is 0, and
// wait is closed when it is worth trying again.
func (d *serveDoor) reserveCredit(j *Job, want int) (n int, wait <-chan struct{}, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := j.sendError(); err != nil {
		return 0, nil, err
	}
	if j.credit == 0 || d.outBytes >= clogged {
		if j.wakeWrite == nil {
			j.wakeWrite = make(chan struct{})
			d.stalled = append(d.stalled, j)
		}
		return 0, j.wakeWrite, nil
	}
	n = int(min(int64(want), j.credit))
	j.credit -= int64(n)
	return n, nil, nil
}

// chunk queues a chunk. unused is the part of the reserved credit that it does not need.
func (d *serveDoor) chunk(j *Job, frame []byte, unused int) error {
	d.mu.Lock()
	err := j.sendError()
	post := err == nil && d.push(outgoing{job: j, kind: outChunk, frame: frame})
	j.credit += int64(unused)
	d.mu.Unlock()
	d.post(post)
	return err
}

// grant adds n bytes to a job's credit.
func (d *serveDoor) grant(j *Job, n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j.credit += int64(min(n, mostCredit))
	j.credit = min(j.credit, mostCredit)
	d.wakeWriters()
}

// push queues a message. It reports whether onOut has to be posted.
func (d *serveDoor) push(o outgoing) (post bool) {
	d.out = append(d.out, o)
	d.outBytes += entryCost + len(o.frame)
	post = !d.posted
	d.posted = true
	return post
}

// post posts onOut if needed. It is called without mu, because Post locks the queue of the loop.
func (d *serveDoor) post(needed bool) {
	if needed && !d.onLoop {
		_ = d.loop.Post(d.onOut) // Fails if the loop is closed.
	}
}

// wakeWriters lets all Writes that wait try again.
func (d *serveDoor) wakeWriters() {
	for i, j := range d.stalled {
		close(j.wakeWrite)
		j.wakeWrite = nil
		d.stalled[i] = nil
	}
	d.stalled = d.stalled[:0]
}

// collect moves the queued messages to the end of list.
func (d *serveDoor) collect(list []outgoing) []outgoing {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.posted = false
	list = append(list, d.out...)
	clear(d.out)
	d.out = d.out[:0]
	return list
}

// empty reports whether no message is queued.
func (d *serveDoor) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.out) == 0
}

// sent subtracts messages that were sent or dropped from outBytes, and keeps their memory for later
// frames.
func (d *serveDoor) sent(list []outgoing) {
	d.mu.Lock()
	defer d.mu.Unlock()
	was := d.outBytes
	for _, o := range list {
		d.outBytes -= entryCost + len(o.frame)
		if cap(o.frame) > 0 && cap(o.frame) <= spareSize && len(d.spare) < mostSpare {
			d.spare = append(d.spare, o.frame[:0])
		}
	}
	if was >= clogged && d.outBytes < clogged {
		d.wake.Broadcast()
		d.wakeWriters()
	}
}

// buffer returns an empty buffer for a frame, nil if no spare one is left.
func (d *serveDoor) buffer() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := len(d.spare)
	if n == 0 {
		return nil
	}
	p := d.spare[n-1]
	d.spare[n-1] = nil
	d.spare = d.spare[:n-1]
	return p
}
