package pool

// Resize sets how many workers there are at least and at most, as Options.Min and Max. Workers that
// are more than that end once they are idle, those that have been idle for longest first. The error
// is an *[OptionError].
func (p *Pool) Resize(fewest, most int) error {
	o := p.o.Options
	o.Min, o.Max = fewest, most
	switch {
	case most < 1:
		return &OptionError{"Max", "is less than 1"}
	case fewest > most:
		return &OptionError{"Min", "is more than Max"}
	}
	p.o.Max, p.limit, p.exhausted = most, most, false
	if p.o.Min = fewest; fewest < 0 {
		p.o.Min = 0
	} else if fewest == 0 {
		p.o.Min = most
	}
	if p.state != poolOpen {
		return nil
	}
	p.trim()
	p.fill()
	return nil
}

// trim has those workers end that are more than Max.
func (p *Pool) trim() {
	for p.state == poolOpen && p.size() > p.o.Max {
		w := p.leastUseful()
		if w == nil {
			return // All that are left are about to end by themselves.
		}
		w.drain(ExitIdle)
	}
}

// leastUseful returns the worker that can best be done without: one that starts, or that has the
// fewest jobs, and among those the one that was used longest ago. It returns nil when there is none
// that could be told to end.
func (p *Pool) leastUseful() (found *worker) {
	for _, w := range p.workers {
		if w.state > workerReady || w.replaces != nil {
			continue
		}
		if found == nil || w.state < found.state ||
			w.state == found.state && (len(w.jobs) < len(found.jobs) || len(w.jobs) == len(found.jobs) && w.lastUse < found.lastUse) {
			found = w
		}
	}
	return found
}
