package childprocess

import (
	"context"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// A survivor is a child that goes on when its loop is closed. The program's background loop waits
// for its end, so that no zombie is left, and sends what Kill and its like still send. It has no
// listeners, no streams, and no CancelFunc: that is for the goroutine of the loop that is closed.
type survivor struct {
	shared *sharedLoop
	child  *ChildProcess // that loop's
	grace  time.Duration // what was left of it; 0: none was running
}

// survivorRetry is the time after which a survivor is tried to be watched again, when the system
// had no descriptor for it.
const survivorRetry = time.Second

// outlive makes a survivor of the running child, or of one that is being started, while its loop is
// being closed. Without descriptors for another loop there is none, and nobody waits for the child.
func (c *ChildProcess) outlive() {
	shared, err := background.acquire()
	if err != nil {
		return
	}
	s := &survivor{shared: shared, child: &ChildProcess{
		op: c.op, file: c.file, args: c.args, scope: c.scope, leadsGroup: c.leadsGroup, state: childStarting, status: running(),
		pending: 1, done: make(chan struct{}),
	}}
	s.child.starting = new(starting)
	if c.starting != nil {
		s.child.starting.signals, s.child.starting.grace = c.starting.signals, c.starting.grace
	}
	m, old := &s.child.limits, &c.limits
	m.soft, m.policy, m.cause, m.forced, m.tree = old.soft, old.policy, old.cause, old.forced, old.tree
	if old.force != nil && !old.forced {
		s.grace = max(1, old.forceAt.Sub(c.loop.Now()))
	}
	c.survivor = s
	if c.starting == nil {
		s.takeOver(c.process, c.startedAt)
		c.process.Pidfd = -1 // It is the survivor's.
	}
}

// takeOver has the background loop take over the process.
func (s *survivor) takeOver(p process.Process, start time.Time) {
	h := s.child
	err := s.shared.loop.Post(func() {
		all, err := childrenOf(s.shared.loop)
		if err != nil { // The loop has broken.
			p.Close()
			background.release(s.shared)
			return
		}
		h.loop, h.siblings = s.shared.loop, all
		h.process, h.startedAt = p, start
		all.add(h)
		h.OnClose(func(ExitStatus) { background.release(s.shared) })
		queued := h.starting
		h.starting, h.state = nil, childRunning
		s.follow()
		queued.sendQueued(p)
		if queued.grace != 0 {
			h.killWithin(ErrTerminated, queued.grace)
		}
		if s.grace > 0 {
			h.forceAfter(s.grace)
		}
	})
	if err != nil {
		p.Close()
		background.release(s.shared)
	}
}

// follow has the end of the child watched.
func (s *survivor) follow() {
	if s.child.state != childRunning {
		return
	}
	if s.child.siblings.follow(s.child) != nil {
		s.shared.loop.SetTimeout(survivorRetry, s.follow)
	}
}

// releaseLoop is the end of a survivor that never ran.
func (s *survivor) releaseLoop() { background.release(s.shared) }

// do has send called with the survivor on the background loop, and waits for that. It is safe
// to call from any goroutine.
func (s *survivor) do(send func(c *ChildProcess) (bool, error)) (ok bool, err error) {
	// Of a loop that is closed all children have ended.
	_ = s.shared.loop.Do(context.Background(), func() { ok, err = send(s.child) })
	return ok, err
}
