package pool

import "container/heap"

// queue is a heap of waiting tasks. First is the task with the highest priority, and among equals
// the one that was submitted first, also if it comes back from a worker.
type queue struct{ tasks []*Task }

func (q *queue) Len() int { return len(q.tasks) }

func (q *queue) Less(i, j int) bool { return q.tasks[i].before(q.tasks[j]) }

func (q *queue) Swap(i, j int) {
	q.tasks[i], q.tasks[j] = q.tasks[j], q.tasks[i]
	q.tasks[i].queueIndex, q.tasks[j].queueIndex = i, j
}

// Push is for package heap; use add.
func (q *queue) Push(x any) {
	t := x.(*Task)
	t.queueIndex = len(q.tasks)
	q.tasks = append(q.tasks, t)
}

// Pop is for package heap; use remove.
func (q *queue) Pop() any {
	last := len(q.tasks) - 1
	t := q.tasks[last]
	q.tasks[last] = nil
	q.tasks = q.tasks[:last]
	return t
}

func (q *queue) add(t *Task) {
	t.queue = q
	heap.Push(q, t)
}

func (q *queue) remove(t *Task) {
	heap.Remove(q, t.queueIndex)
	t.queue = nil
}

// first returns the next task, or nil. q may be nil.
func (q *queue) first() *Task {
	if q == nil || len(q.tasks) == 0 {
		return nil
	}
	return q.tasks[0]
}

// before reports whether t is to run before other, which may be nil.
func (t *Task) before(other *Task) bool {
	if other == nil || t.priority != other.priority {
		return other == nil || t.priority > other.priority
	}
	return t.number < other.number
}
