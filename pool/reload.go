package pool

import (
	"fmt"
	"slices"

	"github.com/brood-go/brood/childprocess"
)

// ReloadOptions say how the workers are replaced. A nil *ReloadOptions means all defaults.
type ReloadOptions struct {
	// Batch is how many are replaced at once. 0: 1.
	Batch int

	// Module, ExecPath, Args and Fork are what the new workers run, as in Options: another script,
	// another binary. Where Module is empty they are all ignored, and the program is the same as
	// before.
	Module   string
	ExecPath string
	Args     []string
	Fork     *childprocess.ForkOptions
}

// A ReloadError is a reload that has ended early. The workers that were not replaced stay, and what
// ends from now on is replaced by what was there before.
type ReloadError struct {
	Replaced int // workers
	Of       int
	Err      error // a *[StartError], [ErrStopped]
}

// Error returns a text such as "pool: reload: 1 of 4 workers replaced: worker 6 does not start:
// exit status 1".
func (e *ReloadError) Error() string {
	return fmt.Sprintf("pool: reload: %d of %d workers replaced: %s", e.Replaced, e.Of, e.Err)
}

// Unwrap returns the cause.
func (e *ReloadError) Unwrap() error { return e.Err }

// reload is a replacement of all workers under way. Its methods may be called on nil, when there is
// none.
type reload struct {
	pool      *Pool
	before    program
	gen       int // of the new workers
	genBefore int
	batch     int
	old       []*worker // that are to be replaced
	pending   int       // of them with a successor that is not ready
	replaced  int
	of        int
	done      func(error)
}

// Reload replaces all workers: of each batch a new one has to be ready before an old one gets no
// more jobs, finishes those it has, and ends. New jobs go to new workers as far as these have room.
// done, which may be nil, is called with nil when the last old one has a successor, or with a
// *[ReloadError] when a new one did not become ready, and never inside this call.
//
// It returns ErrReloading while another one is under way, ErrStopped, and *[OptionError]; done is
// not called then.
func (p *Pool) Reload(o *ReloadOptions, done func(error)) error {
	if o == nil {
		o = new(ReloadOptions)
	}
	if err := p.refuses(); err != nil && p.state != poolOpen {
		return err
	}
	switch {
	case p.reload != nil:
		return ErrReloading
	case o.Batch < 0:
		return &OptionError{"Batch", "is negative"}
	}
	next, err := p.nextProgram(o)
	if err != nil {
		return err
	}
	r := &reload{pool: p, before: p.program, genBefore: p.generation, batch: min(max(1, o.Batch), p.o.Starting), done: done}
	p.lastGeneration++
	r.gen, p.generation, p.program = p.lastGeneration, p.lastGeneration, next
	p.reload = r
	for _, w := range slices.Clone(p.workers) {
		switch {
		case w.state > workerReady:
		case w.replaces != nil: // It would have taken the place of one that is replaced anyway.
			w.replaces.reason = ""
			w.kill(ExitReload, nil)
		default:
			r.old = append(r.old, w)
		}
	}
	r.of = len(r.old)
	p.nextTick(r.step)
	p.updateHold()
	return nil
}

// nextProgram is what the workers of a reload run.
func (p *Pool) nextProgram(o *ReloadOptions) (program, error) {
	if o.Module == "" {
		return p.program, nil
	}
	checked := p.o.Options
	checked.Self, checked.Module, checked.ExecPath, checked.Args, checked.Fork = "", o.Module, o.ExecPath, o.Args, o.Fork
	s, err := checked.resolve()
	if err != nil {
		return program{}, err
	}
	return program{module: o.Module, execPath: o.ExecPath, args: o.Args, fork: s.fork}, nil
}

// step starts successors, or ends the reload.
func (r *reload) step() {
	p := r.pool
	for p.reload == r && r.pending < r.batch && len(r.old) > 0 {
		w := r.old[0]
		r.old = r.old[1:]
		if w.state > workerReady {
			continue // It has gone by itself, and fill has seen to another one.
		}
		w.reason = ExitReload
		r.pending++
		next, err := p.startWorker(w)
		if err != nil {
			r.fail(err)
			return
		}
		next.inReload = true
	}
	if p.reload == r && r.pending == 0 && len(r.old) == 0 {
		r.finish(nil)
	}
}

// onReady is called when a worker has become ready.
func (r *reload) onReady(w *worker) {
	if r == nil || w.gen != r.gen || !w.inReload {
		return
	}
	w.inReload = false
	r.pending--
	r.replaced++
	r.pool.nextTick(r.step)
}

// onStartFailed is called when a worker did not become ready.
func (r *reload) onStartFailed(w *worker, err error) {
	if r != nil && w.gen == r.gen {
		r.fail(err)
	}
}

// onExit is called when a worker has ended. A new one that was not ready was not needed any more:
// the pool is smaller now.
func (r *reload) onExit(w *worker) {
	if r == nil {
		return
	}
	if w.inReload && w.gen == r.gen {
		r.pending--
	}
	r.pool.nextTick(r.step)
}

// fail ends the reload. The old workers stay.
func (r *reload) fail(err error) {
	if r == nil || r.pool.reload != r {
		return
	}
	p := r.pool
	p.program, p.generation = r.before, r.genBefore
	for _, w := range slices.Clone(p.workers) {
		switch {
		case w.gen == r.gen && w.state == workerStarting:
			w.kill(ExitReload, nil)
		case w.gen != r.gen && w.state == workerReady && w.reason == ExitReload:
			w.reason = ""
		}
	}
	r.finish(&ReloadError{r.replaced, r.of, err})
}

func (r *reload) finish(err error) {
	p := r.pool
	p.reload = nil
	if r.done != nil {
		p.nextTick(func() { r.done(err) })
	}
	p.fill()
	p.updateHold()
}
