package pool

import (
	"os"
	"slices"
	"sync"

	"github.com/brood-go/brood/reactor"
)

const (
	// clogged is the number of bytes, finished and not given to the channel because the parent does
	// not read, from which on no further job is begun and Job.Write waits.
	clogged = 1 << 20

	// entryCost is what an entry counts for besides its bytes, so that small ones count too.
	entryCost = 64 // bytes

	// Frames up to spareSize bytes are used again, at most mostSpare of them.
	spareSize = 64 << 10
	mostSpare = 16
)

// serveDoor is what the loop goroutine and those of the handlers share: jobs go one way, what they
// send goes the other. Its methods are safe to call from any goroutine. Everything else of a worker
// is the loop's, but for the methods of a Job, which come here.
type serveDoor struct {
	loop   *reactor.Loop
	onOut  func() // called on the loop when something has come out
	onLoop bool   // that is on the loop already, where it is called anyway

	mu       sync.Mutex // nothing else is locked under it
	wake     sync.Cond  // runners wait: for a job, and for room
	queue    []*Job     // in order; those before first were taken
	first    int
	idle     int // runners that wait
	runners  int
	closed   bool  // no runner takes a job any more
	broken   error // why nothing can be sent any more
	out      []outgoing
	outBytes int  // of out, and of what the loop has taken from it and not sent
	posted   bool // posted was posted, and has not run
	spare    [][]byte
	stalled  []*Job // whose Write waits
}

// outgoing is a message of a job on its way to the loop.
type outgoing struct {
	job    *Job
	kind   outgoingKind
	frame  []byte   // nil for progress: the job has the latest
	attach *os.File // goes with an answer; nil: nothing
}

type outgoingKind uint8

const (
	outAnswer   outgoingKind = iota // the last one of a job
	outProgress                     // of a job
	outChunk                        // of a job
	outNotice                       // nobody's; job is nil
)

func newDoor(l *reactor.Loop, posted func()) *serveDoor {
	d := &serveDoor{loop: l, onOut: posted}
	d.wake.L = &d.mu
	return d
}

// queueForRunner queues a job for one of at most limit runners.
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

// queueForNext queues a job for next.
func (d *serveDoor) queueForNext(j *Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queue = append(d.queue, j)
}

// next is take for who does not wait: nil when there is no job, or nothing may be begun.
func (d *serveDoor) next() *Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || d.first == len(d.queue) || d.outBytes >= clogged {
		return nil
	}
	return d.takeFirst()
}

// start starts a runner. It ends when the door is closed, once it has no job. Nobody waits for
// that: a handler cannot be cut short, and a runner without one touches nothing but the door.
func (d *serveDoor) start(run func()) { go run() }

// take returns the next job for a runner, nil when it is to end.
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

// takeFirst takes the oldest job.
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

// withdraw takes a job back that no runner has taken, and reports whether that was so.
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

// withdrawAll takes back all jobs that no runner has taken.
func (d *serveDoor) withdrawAll() []*Job {
	d.mu.Lock()
	defer d.mu.Unlock()
	jobs := slices.Clone(d.queue[d.first:])
	clear(d.queue)
	d.queue, d.first = d.queue[:0], 0
	return jobs
}

// close has the runners end.
func (d *serveDoor) close(broken error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.setBroken(broken)
	d.wake.Broadcast()
}

// refuseSends has what is sent from now on fail with err.
func (d *serveDoor) refuseSends(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.setBroken(err)
}

func (d *serveDoor) setBroken(err error) {
	if d.broken == nil {
		d.broken = err
	}
	d.wakeWriters()
}

// answer sends the last message of a job. It ends the job.
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

// finishJob ends a job whose answer goes another way.
func (d *serveDoor) finishJob(j *Job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.markEnded(j)
}

// markEnded has nothing of a job sent any more. A Write that was told to wait is forgotten: the
// memory of the job may be that of the next one.
func (d *serveDoor) markEnded(j *Job) {
	j.ended = true
	if j.wakeWrite != nil {
		d.stalled = slices.DeleteFunc(d.stalled, func(other *Job) bool { return other == j })
		j.wakeWrite = nil
	}
}

// progress has the latest progress of a job sent.
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

// takeProgress takes the progress of a job.
func (d *serveDoor) takeProgress(j *Job) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	frame := j.progress
	j.progress = nil
	return frame
}

// notice sends a message that is no job's, unless nothing can be sent any more.
func (d *serveDoor) notice(frame []byte) {
	d.mu.Lock()
	post := d.broken == nil && d.push(outgoing{kind: outNotice, frame: frame})
	d.mu.Unlock()
	d.post(post)
}

// reserveCredit takes as much as it can get of a job's credit for want bytes of a chunk. When it
// gets none, wait is closed as soon as it is worth asking again.
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

// chunk sends a chunk, and gives back what was reserved and is not in it.
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

// push queues a message, and reports whether the loop is to be told.
func (d *serveDoor) push(o outgoing) (post bool) {
	d.out = append(d.out, o)
	d.outBytes += entryCost + len(o.frame)
	post = !d.posted
	d.posted = true
	return post
}

func (d *serveDoor) post(needed bool) {
	if needed && !d.onLoop {
		_ = d.loop.Post(d.onOut) // Nobody asks for the answers of a closed loop.
	}
}

// wakeWriters has all Writes that wait try again.
func (d *serveDoor) wakeWriters() {
	for i, j := range d.stalled {
		close(j.wakeWrite)
		j.wakeWrite = nil
		d.stalled[i] = nil
	}
	d.stalled = d.stalled[:0]
}

// collect moves what has come out to the end of list.
func (d *serveDoor) collect(list []outgoing) []outgoing {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.posted = false
	list = append(list, d.out...)
	clear(d.out)
	d.out = d.out[:0]
	return list
}

// empty reports whether nothing has come out.
func (d *serveDoor) empty() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.out) == 0
}

// sent takes messages off what is on its way, which were sent or given up, and gives their memory
// to the next ones.
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

// buffer returns an empty buffer for a frame.
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
