package pool

import (
	"fmt"
	"slices"

	"github.com/brood-go/brood/childprocess"
)

// ReloadOptions say how workers are replaced. A nil *ReloadOptions means all defaults.
type ReloadOptions struct {
	// Batch is the number of workers that are replaced at once. 0: 1.
	Batch int

	// Module, ExecPath, Args and Fork are the program of the new workers, as in Options. If Module
	// is empty, the others are ignored and the program stays the same.
	Module   string
	ExecPath string
	Args     []string
	Fork     *childprocess.ForkOptions
}

// A ReloadError is a reload that failed. Workers that were not replaced stay, and later
// replacements run the program of before.
type ReloadError struct {
	Replaced int   // workers with a successor
	Of       int   // workers at the beginning
	Err      error // a *[StartError], an error of childprocess.Fork, [ErrStopped]
}

// Error returns a text such as "pool: reload: 1 of 4 workers replaced: worker 6 does not start:
// exit status 1".
func (e *ReloadError) Error() string {
	return fmt.Sprintf("pool: reload: %d of %d workers replaced: %s", e.Replaced, e.Of, e.Err)
}

// Unwrap returns the cause.
func (e *ReloadError) Unwrap() error { return e.Err }

// reload is a replacement of all workers that is under way, Pool.reload. It is used on the loop
// goroutine only. The on… methods and fail may be called on nil.
type reload struct {
	pool      *Pool
	before    program // restored if the reload fails
	gen       int     // generation of the new workers
	genBefore int
	batch     int
	old       []*worker   // workers to be replaced that have no successor yet
	pending   int         // successors that are not ready
	replaced  int         // workers whose successor became ready
	of        int         // workers at the beginning
	done      func(error) // may be nil
}

// Reload replaces all workers, Batch at a time. When a new worker is ready, an old one gets no more
// jobs, finishes those it has, and exits. New jobs go to new workers as far as these have room. A
// job whose method they do not have waits for one old worker that has it, even if another such
// worker has room first. If the pool has no worker, only the next job shows whether the new program
// starts.
//
// done, which may be nil, is called once, never inside this call: with nil when the last old worker
// has a successor, or with a *[ReloadError] when a new one did not become ready or the pool
// stopped.
//
// Errors are ErrReloading while another reload is under way, ErrStopped, the *StartError that
// stopped the pool, and *[OptionError]; done is not called then.
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
		case w.replaces != nil: // Its predecessor is replaced by the reload.
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

// nextProgram returns the program of the workers after a reload.
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

// step starts successors up to the batch, or finishes the reload if none is left.
func (r *reload) step() {
	p := r.pool
	for p.reload == r && r.pending < r.batch && len(r.old) > 0 {
		w := r.old[0]
		r.old = r.old[1:]
		if w.state > workerReady {
			continue // It exits anyway, and fill replaces it.
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

// onReady runs when a worker has become ready.
func (r *reload) onReady(w *worker) {
	if r == nil || w.gen != r.gen || !w.inReload {
		return
	}
	w.inReload = false
	r.pending--
	r.replaced++
	r.pool.nextTick(r.step)
}

// onStartFailed runs when a worker has exited without becoming ready.
func (r *reload) onStartFailed(w *worker, err error) {
	if r != nil && w.gen == r.gen {
		r.fail(err)
	}
}

// onExit runs when a worker is gone. A successor that was drained before it was ready is not
// missing, because the pool is smaller now.
func (r *reload) onExit(w *worker) {
	if r == nil {
		return
	}
	if w.inReload && w.gen == r.gen {
		r.pending--
	}
	r.pool.nextTick(r.step)
}

// fail ends the reload with an error. The old workers stay.
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
