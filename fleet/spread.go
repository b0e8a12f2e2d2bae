package fleet

import "sync"

// A spread keeps the slots of an agent that wait spread over its queues: while one waits for a job
// of one queue, another queue would be forgotten.
type spread struct {
	mu      sync.Mutex
	waiting map[*slotWait]struct{}
}

// A slotWait is a slot that waits for a job of a queue.
type slotWait struct {
	queue      *agentQueue
	reassigned chan struct{} // closed when it should ask the other queues again
}

// choose chooses a queue for a slot to wait for: one that few wait for, of those the first from the
// nth on. all reports whether there is a slot for each queue. The caller must call release.
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

// release says that a slot waits no more. When it has a job, and was the only one to wait for that
// queue, one of the others is to look after it: one of a queue that most wait for.
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

func (s *spread) count() map[*agentQueue]int {
	count := map[*agentQueue]int{}
	for w := range s.waiting {
		count[w.queue]++
	}
	return count
}
