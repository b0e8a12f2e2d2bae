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
	s := &c.out
	s.written += int64(n)
	if s.markDue() {
		c.fireLater()
	}
}

func (c *Channel) fireLater() {
	if !c.out.fireDue {
		c.out.fireDue = true
		c.loop.NextTick(c.out.fire)
	}
}

// fireMarks calls the first callback that is due, and has the next one called in a tick of its own.
func (c *Channel) fireMarks() {
	s := &c.out
	s.fireDue = false
	if !s.markDue() {
		return
	}
	m := s.marks[0]
	s.marks[0] = mark{}
	if s.marks = s.marks[1:]; s.markDue() {
		c.fireLater()
	}
	m.done(m.err)
}

func (s *sender) markDue() bool {
	return len(s.marks) > 0 && (s.marks[0].err != nil || s.marks[0].offset <= s.written)
}

// failMarks has every callback whose message is not yet with the kernel called with err.
func (c *Channel) failMarks(err error) {
	s := &c.out
	for i := range s.marks {
		if m := &s.marks[i]; m.err == nil && m.offset > s.written {
			m.err = err
		}
	}
	if s.markDue() {
		c.fireLater()
	}
}
