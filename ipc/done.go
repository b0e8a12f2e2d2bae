package ipc

// mark is a callback that is due when the kernel has taken everything up to offset, or at once with err.
type mark struct {
	offset int64
	done   func(error)
	err    error
}

// expect notes that a frame of n bytes is about to follow what is on the wire.
func (s *sender) expect(n int, done func(error)) {
	end := s.offset() + int64(n)
	if done == nil {
		s.anonymous = end
		return
	}
	s.marks = append(s.marks, mark{offset: end, done: done})
}

// advance notes that the kernel took n bytes.
func (c *Channel) advance(n int) {
	c.out.written += int64(n)
	c.queueMarks()
}

// queueMarks queues a tick for each callback that has become due: one that panics is no harm to the others, and what is
// queued next, the disconnect event for one, comes behind all of them.
func (c *Channel) queueMarks() {
	s := &c.out
	for s.firing < len(s.marks) && s.due(s.marks[s.firing]) {
		s.firing++
		c.loop.NextTick(s.fire)
	}
}

func (s *sender) due(m mark) bool { return m.err != nil || m.offset <= s.written }

// fireMark calls the first callback.
func (c *Channel) fireMark() {
	s := &c.out
	m := s.marks[0]
	s.marks[0] = mark{}
	s.marks = s.marks[1:]
	s.firing--
	m.done(m.err)
}

// failMarks has every callback whose message is not yet with the kernel called with err.
func (c *Channel) failMarks(err error) {
	s := &c.out
	for i := range s.marks {
		if m := &s.marks[i]; !s.due(*m) {
			m.err = err
		}
	}
	c.queueMarks()
}
