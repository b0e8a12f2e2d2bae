package fleet

import "sync"

// A spread distributes the waiting slots of an agent over its queues, so that a free slot waits at
// as many queues as possible. Its methods are safe to call from any goroutine.
type spread struct {
	mu      sync.Mutex
	waiting map[*slotWait]struct{} // slots between choose and release; nil: none so far
}

// A slotWait is a slot that waits for a job of one queue.
type slotWait struct {
	queue      *agentQueue
	reassigned chan struct{} // closed when the slot should choose again
}

// choose returns the queue that a slot should wait for: one with the fewest waiting slots, and of
// those the first from the nth on. all reports whether every queue has a slot. The caller must call
// release.
func (s *spread) choose(queues []*agentQueue, n int) (w *slotWait, all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	count := s.count()
	w = &slotWait{reassigned: make(chan struct{})}
	for i := range queues {
		if q := queues[(n+i)%len(queues)]; w.queue == nil || count[q] < count[w.queue] {
			w.queue = q
		}
	}
	if s.waiting == nil {
		s.waiting = map[*slotWait]struct{}{}
	}
	s.waiting[w] = struct{}{}
	count[w.queue]++
	return w, len(count) == len(queues)
}

// release ends the wait of a slot. If the slot got a job (job) and was the only one at its queue, a
// slot of the queue with the most slots is told to choose again.
func (s *spread) release(w *slotWait, job bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, w)
	count := s.count()
	if !job || count[w.queue] > 0 {
		return
	}
	var most *slotWait
	for other := range s.waiting {
		if most == nil || count[other.queue] > count[most.queue] {
			most = other
		}
	}
	if most != nil {
		delete(s.waiting, most)
		close(most.reassigned)
	}
}

// count returns the number of waiting slots of each queue that has some.
func (s *spread) count() map[*agentQueue]int {
	count := map[*agentQueue]int{}
	for w := range s.waiting {
		count[w.queue]++
	}
	return count
}
