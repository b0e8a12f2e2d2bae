package pool

// outcomes is a queue of settled tasks whose done was not called yet. Each has one tick of
// Pool.reportOutcome. head is the index of the first one.
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

// reportOutcome calls done of one settled task. Each call has a tick of its own: a callback that
// panics costs no other task its call.
func (p *Pool) reportOutcome() {
	t := p.outcomes.pop()
	t.done(t.result, t.err)
}
