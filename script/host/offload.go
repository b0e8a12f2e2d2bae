package host

import "sync"

// maxBlockingCalls bounds the blocking system calls of all hosts that run at once. Each holds a
// thread of the system; a call over the bound waits for its turn.
const maxBlockingCalls = 64

// blockingCalls is a semaphore: one element for each running call.
var blockingCalls = make(chan struct{}, maxBlockingCalls)

// offload runs blocking calls of one host on goroutines, oldest first.
type offload struct {
	mu         sync.Mutex // mu guards queue and goroutines.
	queue      []func()
	goroutines int

	unfinished int // calls whose done or drop has not run; loop goroutine only
}

// maxGoroutines bounds the calls that one host runs at once.
const maxGoroutines = 16

// runOffLoop calls work on a goroutine and then done on the loop, and keeps the loop running until
// then. If the script has ended, it calls drop instead, which releases what work has acquired. drop
// may be nil. If the loop is closed, drop runs on the goroutine of work.
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
		go o.run() // It ends when the queue is empty. Close does not wait for it.
	}
}

// run calls queued functions on a goroutine of its own until the queue is empty.
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
