package pool

// outcomes are settled tasks that were not told yet, in order.
type outcomes struct {
	tasks []*Task
	head  int
}

func (o *outcomes) push(t *Task) { o.tasks = append(o.tasks, t) }

func (o *outcomes) pop() *Task {
	t := o.tasks[o.head]
	o.tasks[o.head] = nil
	o.head++
	if o.head == len(o.tasks) {
		o.tasks, o.head = o.tasks[:0], 0
	}
	return t
}

// reportOutcome tells of one settled task, in a tick of its own: a callback that panics costs no
// other its call.
func (p *Pool) reportOutcome() {
	t := p.outcomes.pop()
	t.done(t.result, t.err)
}
