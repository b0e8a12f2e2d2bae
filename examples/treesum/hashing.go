package main

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// A hashing is the work on the files of a tree: it feeds a pool, which sees to the workers. Everything happens on the loop
// goroutine.
//
// The pool gives the files of a worker that dies to others. That which it was at may be the reason: when maxCrashes workers
// have died at a file it is given up.
type hashing struct {
	loop  *reactor.Loop
	tree  *tree
	limit int // most workers at once
	pool  *pool.Pool

	next  int     // of the files that the pool was not given
	dying bool    // the work was cut short
	fatal error   // why, if not by a signal
	lost  []error // the workers that died

	refused int // workers that the system had no room for
	most    int // workers at once so far
	done    int // files hashed, or given up
	hashed  int // files hashed
	bytes   int64
	took    time.Duration
}

const (
	maxCrashes  = 2
	aheadFiles  = 16                     // that a worker has besides the one it is at, so that it need not wait for the next
	queuedFiles = 64                     // that wait in the pool, of however many there are
	longestGap  = 200 * time.Millisecond // before a worker is replaced, when one after the other dies
)

// run hashes every file and returns when the last worker is gone. What is wrong with a single file is in the tree.
func (h *hashing) run(shown progress, stop *interrupt) error {
	start := time.Now()
	if err := h.start(); err != nil {
		shown.finish()
		return err
	}
	timer := h.loop.SetInterval(shown.period(), func() { shown.show(h.state()) })
	timer.Unref()
	h.feed()
	err := stop.during(h.loop, h.stop)
	timer.Stop()
	shown.finish()
	h.took = time.Since(start)
	return errors.Join(err, h.fatal)
}

func (h *hashing) start() (err error) {
	most := min(h.limit, len(h.tree.files))
	if most == 0 {
		return nil
	}
	h.pool, err = pool.New(h.loop, &pool.Options{
		Self:       hashWorker,
		Fork:       &childprocess.ForkOptions{Options: childprocess.Options{Dir: h.tree.dir, KillSignal: syscall.SIGKILL}}, // It has nothing to save.
		Max:        most,
		Starting:   most,
		Ahead:      aheadFiles,
		MaxQueue:   queuedFiles,
		MaxCrashes: maxCrashes,
		CrashLoop:  pool.CrashLoopFail,
		Backoff:    pool.Backoff{Max: longestGap},
	})
	if err != nil {
		return err
	}
	h.pool.OnDrain(h.feed)
	h.pool.OnWorkerReady(func(pool.Worker) { h.count() })
	h.pool.OnWorkerExit(h.ended)
	h.pool.OnError(func(error) {}) // What ends the work comes to a file, too.
	h.count()
	return nil
}

// feed gives the pool as many files as it takes.
func (h *hashing) feed() {
	for !h.dying && h.next < len(h.tree.files) && !h.pool.NeedDrain() {
		f := &h.tree.files[h.next]
		t, err := h.pool.Run(task(f.path), nil, func(r *pool.Result, err error) { h.answered(f, r, err) })
		if err != nil {
			h.fail(err)
			return
		}
		h.next++
		t.OnProgress(func(p *pool.Progress) {
			read := f.read
			if p.Decode(&read) == nil {
				h.read(f, read)
			}
		})
	}
}

// read notes how far a file is. A worker that is given it anew begins at its beginning.
func (h *hashing) read(f *file, bytes int64) {
	h.bytes += bytes - f.read
	f.read = bytes
}

// answered is called when a file was hashed, or will not be.
func (h *hashing) answered(f *file, r *pool.Result, err error) {
	var s sum
	if err == nil {
		err = r.Decode(&s)
	}
	crash, crashed := errors.AsType[*pool.CrashError](err)
	refusal, refused := errors.AsType[*pool.JobError](err)
	switch {
	case err == nil:
		h.hashed++
	case refused:
		err = errors.New(refusal.Message)
	case crashed:
		err = fmt.Errorf("given up: %w", death(crash.Crashes[len(crash.Crashes)-1]))
	default:
		h.fail(err)
		return
	}
	h.read(f, s.Read)
	f.sum, f.err = s.Sum, err
	h.done++
	if h.done == len(h.tree.files) {
		h.pool.Stop(nil, nil)
	}
}

// count notes how many workers there are. It is called whenever the pool may have started some.
func (h *hashing) count() {
	n := 0
	for _, w := range h.pool.Workers() {
		if w.Pid != 0 {
			n++
		}
	}
	h.most = max(h.most, n)
}

// started is the number of workers so far.
func (h *hashing) started() int {
	if h.pool == nil {
		return 0
	}
	return h.pool.Stats().Peak - h.refused
}

// ended is called when a worker is gone, or could not be started.
func (h *hashing) ended(e *pool.WorkerExit) {
	switch {
	case e.Worker.Pid == 0:
		h.refused++
	case h.dying:
	case e.Reason != pool.ExitStop, !e.Forced && !e.Status.Success():
		h.lost = append(h.lost, death(pool.Crash{Worker: e.Worker, Status: e.Status, Err: e.Err}))
	}
	h.count()
}

// death describes the end of a worker that was not to end.
func death(c pool.Crash) error {
	if c.Err != nil && c.Err != pool.ErrPerhapsMemory {
		return fmt.Errorf("worker %d: %s: %w", c.Worker.Pid, c.Status, c.Err)
	}
	return fmt.Errorf("worker %d: %s", c.Worker.Pid, c.Status)
}

// fail ends the work because of what would be the same for every other file.
func (h *hashing) fail(err error) {
	if h.dying {
		return
	}
	if loop, ok := errors.AsType[*pool.CrashLoopError](err); ok {
		err = fmt.Errorf("%d workers died one after the other, the last one: %w", loop.Deaths, death(loop.Last))
	}
	h.fatal = err
	h.stop()
}

// stop ends the workers. The loop ends once they are gone.
func (h *hashing) stop() {
	h.dying = true
	if h.pool != nil {
		h.pool.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: -1, DisconnectGrace: -1}, nil)
	}
}

// state is what a progress shows.
type state struct {
	done, running int
	bytes         int64
}

func (h *hashing) state() state {
	s := state{done: h.done, bytes: h.bytes}
	if h.pool != nil {
		p := h.pool.Stats()
		s.running = p.Idle + p.Busy + p.Draining + p.Ending
	}
	return s
}
