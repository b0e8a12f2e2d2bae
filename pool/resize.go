package pool

// Resize changes Options.Min to fewest, whose 0 and negative values mean the same as there, and
// Options.Max to most. Workers beyond most exit once they have no job: first those that are
// starting, then those with the fewest jobs, and among equals those that were used longest ago. The
// error is an *[OptionError].
func (p *Pool) Resize(fewest, most int) error {
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

// trim drains workers until there are no more than Max.
func (p *Pool) trim() {
	for p.state == poolOpen && p.size() > p.o.Max {
		w := p.leastUseful()
		if w == nil {
			return // The others are to exit already.
		}
		w.drain(ExitIdle)
	}
}

// leastUseful returns the best worker to drain: one that is starting, else the one with the fewest
// jobs, and among equals the one that was used longest ago. It returns nil if all are to exit or
// are successors.
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
