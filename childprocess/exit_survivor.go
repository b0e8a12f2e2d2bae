package childprocess

import (
	"cmp"
	"context"
	"time"

	"github.com/brood-go/brood/internal/process"
)

// A survivor is a child that runs on after its loop was closed. It belongs to the background loop
// of the program, which reaps it, so that no zombie is left, and sends the signals of Kill,
// KillGroup, KillTree and Terminate. It has no listeners, no streams, and no CancelFunc: these
// belong to the goroutine of the closed loop.
type survivor struct {
	shared *sharedLoop   // the background loop; acquired by outlive, released once after close
	child  *ChildProcess // a second ChildProcess for the process; it belongs to the background loop
	grace  time.Duration // rest of a grace that was running; 0: none was. Set by outlive
}

// survivorRetry is the pause before another try to follow a survivor, if there was no descriptor
// for it.
const survivorRetry = time.Second

// outlive makes a survivor of a child that runs or is being started. It is called on the loop
// goroutine while the loop is being closed. If there are no descriptors for the background loop,
// there is no survivor, and the child becomes a zombie when it exits.
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
	if old.cause != nil && old.cancelFunc != nil {
		// The tick that calls CancelFunc does not come any more: the survivor sends the signal.
		m.cause, s.child.starting.grace = nil, cmp.Or(s.grace, -1)
	}
	c.survivor = s
	if c.starting == nil {
		s.takeOver(c.process, c.startedAt)
		c.process.Pidfd = -1 // It is the survivor's.
	}
}

// takeOver gives p to the background loop, which then owns its pidfd. It is called once, on the
// goroutine of the closed loop or on that of the spawner that has started the process. If the
// background loop does not run any more, it closes the pidfd, and the process becomes a zombie.
func (s *survivor) takeOver(p process.Process, start time.Time) {
	c := s.child
	err := s.shared.loop.Post(func() {
		all, err := childrenOf(s.shared.loop)
		if err != nil { // Its poll has failed.
			p.Close()
			background.release(s.shared)
			return
		}
		c.loop, c.siblings = s.shared.loop, all
		c.process, c.startedAt = p, start
		all.add(c)
		c.OnClose(func(ExitStatus) { background.release(s.shared) })
		queued := c.starting
		c.starting, c.state = nil, childRunning
		s.follow()
		queued.sendQueued(p)
		if queued.grace != 0 {
			c.killWithin(ErrTerminated, queued.grace)
		}
		if s.grace > 0 {
			c.forceAfter(s.grace)
		}
	})
	if err != nil {
		p.Close()
		background.release(s.shared)
	}
}

// follow has the child reaped when it exits, and tries again if there are no descriptors. It runs
// on the background loop.
func (s *survivor) follow() {
	if s.child.state != childRunning {
		return
	}
	if s.child.siblings.follow(s.child) != nil {
		s.shared.loop.SetTimeout(survivorRetry, s.follow)
	}
}

// releaseLoop releases the background loop of a survivor whose start has failed.
func (s *survivor) releaseLoop() { background.release(s.shared) }

// do calls send with the survivor on the background loop and returns its results. Safe to call from
// any goroutine.
func (s *survivor) do(send func(c *ChildProcess) (bool, error)) (ok bool, err error) {
	// Do fails only if that loop is closed. Then the survivor has exited: (false, nil).
	_ = s.shared.loop.Do(context.Background(), func() { ok, err = send(s.child) })
	return ok, err
}
