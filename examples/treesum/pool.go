package main

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// A pool hashes the files of a tree with a bounded number of workers. Everything happens on the loop goroutine.
//
// A worker that dies is replaced and its files are given to others. The first of them is the one that it was at, and
// may be the reason: a file at which two workers have died is given up.
type pool struct {
	loop    *reactor.Loop
	tree    *tree
	limit   int       // most workers at once; less when the system has not enough for that
	queue   []*file   // that no worker has
	workers []*worker // whose close has not come
	dying   bool      // all are being killed, and there will be no others
	fatal   error     // why
	lost    []error   // the workers that died
	barren  int       // those among them, one after the other, that had answered nothing

	alive   int   // workers now
	most    int   // workers at once so far
	started int   // workers so far
	done    int   // files hashed, or given up
	hashed  int   // files hashed
	bytes   int64 // read for the files that are done
	took    time.Duration
}

// maxBarren is the number of workers that may die one after the other without an answer from any. Two do for each bad
// file; more than a few bad files in a row are rather something that is wrong with all workers.
const maxBarren = 10

func newPool(loop *reactor.Loop, t *tree, limit int) *pool {
	p := &pool{loop: loop, tree: t, limit: limit}
	for i := range t.files {
		p.queue = append(p.queue, &t.files[i])
	}
	return p
}

// run hashes every file and returns when the last worker is gone. What is wrong with a single file is in the tree.
func (p *pool) run(shown progress, stop *interrupt) error {
	start := time.Now()
	timer := p.loop.SetInterval(shown.period(), func() { shown.show(p.state()) })
	timer.Unref()
	p.fill()
	err := stop.during(p.loop, p.stop)
	timer.Stop()
	shown.finish()
	p.took = time.Since(start)
	return errors.Join(err, p.fatal)
}

// fill starts workers while there are files that none has, gives each what it can take, and in the end dismisses all.
func (p *pool) fill() {
	if p.done == len(p.tree.files) {
		for _, w := range p.workers {
			w.dismiss()
		}
		return
	}
	starting := len(p.workers) - p.alive
	for ; len(p.workers) < p.limit && starting < len(p.queue); starting++ {
		w, err := p.startWorker()
		if err != nil {
			p.refused(err)
			break
		}
		p.workers = append(p.workers, w)
	}
	for len(p.queue) > 0 {
		w := p.hungriest()
		if w == nil {
			return
		}
		w.give(p.queue[0])
		p.queue = p.queue[1:]
	}
}

// hungriest returns the worker with the fewest files, nil if none can take another one.
func (p *pool) hungriest() (found *worker) {
	for _, w := range p.workers {
		if w.hungry() && (found == nil || len(w.files) < len(found.files)) {
			found = w
		}
	}
	return found
}

// spawned is called when a worker has started.
func (p *pool) spawned() {
	p.started++
	p.alive++
	p.most = max(p.most, p.alive)
	p.fill()
}

// answered is called when a worker is done with a file.
func (p *pool) answered(f *file, a answer, err error) {
	p.barren = 0
	p.bytes += a.Read
	p.settle(f, a.Sum, err)
	p.fill()
}

// settle notes what has become of a file.
func (p *pool) settle(f *file, sum string, err error) {
	f.sum, f.err = sum, err
	p.done++
	if err == nil {
		p.hashed++
	}
}

// ended is called when a worker and its channel are gone, or when it could not be started.
func (p *pool) ended(w *worker, status childprocess.ExitStatus) {
	p.workers = slices.DeleteFunc(p.workers, func(other *worker) bool { return other == w })
	if w.ready {
		p.alive--
	}
	switch {
	case p.dying:
		return
	case !w.ready:
		p.refused(w.err)
	case !w.dismissed || !status.Success():
		p.lose(w, w.death(status))
	}
	p.fill()
}

// lose gives the files of a dead worker to the others.
func (p *pool) lose(w *worker, death error) {
	p.lost = append(p.lost, death)
	if w.answers == 0 {
		p.barren++
	}
	if p.barren == maxBarren {
		p.fail(fmt.Errorf("%d workers died one after the other, the last one: %w", maxBarren, death))
		return
	}
	if len(w.files) == 0 {
		return
	}
	if first := w.files[0]; first.suspect {
		p.settle(first, "", fmt.Errorf("given up: %w", death))
		w.files = w.files[1:]
	} else {
		first.suspect = true
	}
	p.queue = slices.Concat(w.files, p.queue)
}

// refused is called when a worker could not be started.
func (p *pool) refused(err error) {
	if exhausted(err) && len(p.workers) > 0 {
		p.limit = len(p.workers) // There are enough descriptors and processes for those.
		return
	}
	p.fail(err)
}

// exhausted reports whether err is a limit on what can be had at once.
func exhausted(err error) bool {
	for _, limit := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN} {
		if errors.Is(err, limit) {
			return true
		}
	}
	return false
}

// fail ends the job because of what would be the same for every other file.
func (p *pool) fail(err error) {
	p.fatal = err
	p.stop()
}

// stop ends the workers and begins no others. The loop ends once they are gone.
func (p *pool) stop() {
	p.dying = true
	p.queue = nil
	for _, w := range p.workers {
		w.kill()
	}
}

// state is what a progress shows.
type state struct {
	done, running int
	bytes         int64
}

func (p *pool) state() state {
	s := state{done: p.done, running: p.alive, bytes: p.bytes}
	for _, w := range p.workers {
		s.bytes += w.read
	}
	return s
}
