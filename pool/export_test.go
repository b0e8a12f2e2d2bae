package pool

// OOMWatch is oomWatch for tests.
type OOMWatch struct{ o oomWatch }

// NewOOMWatch returns one that watches a directory.
func NewOOMWatch(dir string) *OOMWatch {
	w := &OOMWatch{}
	w.o.begin(dir)
	return w
}

// Verdict returns the cause for a worker that was killed since.
func (w *OOMWatch) Verdict() error { return w.o.verdict() }

// JobLimit returns the number of jobs after which a worker of a pool with these options is
// replaced.
func JobLimit(o *Options) int {
	p := &Pool{o: &settings{Options: *o}}
	return p.jobLimit()
}

// Announced returns the number of attachments on side channels that the pool still waits for.
func Announced(p *Pool) (n int) {
	for _, w := range p.workers {
		if w.side != nil {
			n += len(w.side.wanted)
		}
	}
	return n
}
