package host

import "sync"

// maxWaiting is how many system calls of all hosts that may wait run at once. Each holds a thread
// of the system meanwhile, of which a program has no endless number; a script that asks for more
// waits for its turn.
const maxWaiting = 64

// waiting has a slot for each such call.
var waiting = make(chan struct{}, maxWaiting)

// offload are the calls that a host has running on goroutines, oldest first.
type offload struct {
	mu      sync.Mutex
	queue   []func()
	workers int

	unfinished int // calls whose end the loop has not seen; of the loop
}

// maxWorkers is how many of these calls one host runs at once.
const maxWorkers = 16

// later runs work on a goroutine and then done on the loop, which is held meanwhile. done does not
// run if the host has been closed: what work has acquired is given back by drop, which may be nil,
// on any goroutine.
func (h *Host) later(work, done, drop func()) {
	release := h.loop.Hold()
	h.offload.unfinished++
	finish := func() {
		work()
		err := h.loop.Post(func() {
			release()
			h.offload.unfinished--
			if !h.exited {
				done()
			} else if drop != nil {
				drop()
			}
		})
		if err != nil && drop != nil {
			drop()
		}
	}
	o := &h.offload
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = append(o.queue, finish)
	if o.workers < maxWorkers {
		o.workers++
		go o.run() // It ends when the queue is empty; nobody waits for it.
	}
}

func (o *offload) run() {
	for {
		o.mu.Lock()
		if len(o.queue) == 0 {
			o.workers--
			o.queue = nil
			o.mu.Unlock()
			return
		}
		next := o.queue[0]
		o.queue[0] = nil
		o.queue = o.queue[1:]
		o.mu.Unlock()
		waiting <- struct{}{}
		next()
		<-waiting
	}
}
