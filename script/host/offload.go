package host

import "sync"

// maxBlockingCalls is how many system calls of all hosts that may wait run at once. Each holds a thread
// of the system meanwhile, of which a program has no endless number; a script that asks for more
// waits for its turn.
const maxBlockingCalls = 64

// blockingCalls has a slot for each such call.
var blockingCalls = make(chan struct{}, maxBlockingCalls)

// offload are the calls that a host has running on goroutines, oldest first.
type offload struct {
	mu         sync.Mutex
	queue      []func()
	goroutines int

	unfinished int // calls whose end the loop has not seen; of the loop
}

// maxGoroutines is how many of these calls one host runs at once.
const maxGoroutines = 16

// runOffLoop runs work on a goroutine and then done on the loop, which is held meanwhile. done does not
// run if the host has been closed: what work has acquired is given back by drop, which may be nil,
// on any goroutine.
func (h *Host) runOffLoop(work, done, drop func()) {
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
	if o.goroutines < maxGoroutines {
		o.goroutines++
		go o.run() // It ends when the queue is empty; nobody waits for it.
	}
}

func (o *offload) run() {
	for {
		o.mu.Lock()
		if len(o.queue) == 0 {
			o.goroutines--
			o.queue = nil
			o.mu.Unlock()
			return
		}
		next := o.queue[0]
		o.queue[0] = nil
		o.queue = o.queue[1:]
		o.mu.Unlock()
		blockingCalls <- struct{}{}
		next()
		<-blockingCalls
	}
}
