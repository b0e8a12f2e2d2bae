package main

import (
	"errors"
	"log/slog"
	"path/filepath"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// A hashing is the work on the files of a tree: it feeds a pool, which starts the workers, replaces
// those that die, and runs their files again. Everything happens on the loop goroutine, which is
// that of run.
type hashing struct {
	tree     *tree
	progress *progress
	pool     *pool.Pool
	stop     *signals.Stopper
	next     int   // of the files, that the pool was not given
	done     int   // files hashed, or given up
	bytes    int64 // read so far
	over     bool  // the work was given up
	fatal    error // why, nil if a signal was the reason
	took     time.Duration
}

// run hashes every file. The error of a single file is kept in the tree.
func (h *hashing) run(jobs int) error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	start := time.Now()
	if err = h.start(loop, jobs); err == nil {
		h.feed()
		err = loop.Run() // Until the last worker has gone: nothing else keeps it alive.
	}
	h.took = time.Since(start)
	h.progress.finish()
	return errors.Join(err, h.fatal, loop.Close())
}

func (h *hashing) start(loop *reactor.Loop, jobs int) (err error) {
	h.stop, err = signals.StopOn(loop, func(signals.Signal) { h.giveUp(nil) })
	if err != nil {
		return err
	}
	fork := &childprocess.ForkOptions{}
	fork.KillSignal = syscall.SIGKILL // A worker has nothing to save.
	h.pool, err = pool.New(loop, &pool.Options{
		Self: hashWorker,
		Fork: fork,
		Min:  -1, // They are started as jobs come: a small tree needs few.
		Max:  jobs,
		// jobs that a worker has besides the one it is at, so that it need not wait
		Ahead:      16,
		MaxCrashes: 2,                  // A file at which so many workers have died is given up.
		CrashLoop:  pool.CrashLoopFail, // Workers that die at every file end the work.
		Backoff:    pool.Backoff{Max: 200 * time.Millisecond},
		Logger:     slog.Default(), // It tells of workers that die.
	})
	if err != nil {
		return err
	}
	h.pool.OnDrain(h.feed)
	loop.SetInterval(h.progress.every, func() { h.progress.show(h.done, h.bytes) }).Unref()
	return nil
}

// feed gives the pool as many files as it takes, and stops it behind the last one. A pool that is
// stopped still does the jobs that it has.
func (h *hashing) feed() {
	for !h.over && h.next < len(h.tree.files) && !h.pool.NeedDrain() {
		f := h.tree.files[h.next]
		h.next++
		job := task(filepath.Join(h.tree.dir, f.path))
		t, err := h.pool.Run(job, nil, func(r *pool.Result, err error) { h.answered(f, r, err) })
		if err != nil {
			h.giveUp(err)
			return
		}
		t.OnProgress(func(p *pool.Progress) {
			if read := f.read; p.Decode(&read) == nil {
				h.read(f, read)
			}
		})
	}
	if !h.over && h.next == len(h.tree.files) {
		h.pool.Stop(nil, nil)
	}
}

// answered is called when a file was hashed, or will not be.
func (h *hashing) answered(f *file, r *pool.Result, err error) {
	var s sum
	if err == nil {
		err = r.Decode(&s)
	}
	refusal, refused := errors.AsType[*pool.JobError](err)
	_, crashed := errors.AsType[*pool.CrashError](err)
	switch {
	case refused:
		err = errors.New(refusal.Message) // The text is that of the error of the worker's handler.
	case err != nil && !crashed:
		h.giveUp(err) // It would be the same for every other file.
		return
	}
	h.done++
	h.read(f, s.Read)
	f.sum, f.err = s.Sum, err
}

// read notes how far a file is. A worker that is given it anew begins at its beginning.
func (h *hashing) read(f *file, bytes int64) {
	h.bytes += bytes - f.read
	f.read = bytes
}

// giveUp ends the workers at once, because of err or, if that is nil, of a signal.
func (h *hashing) giveUp(err error) {
	if h.over {
		return // This is one of the tasks that fail because of the first call.
	}
	h.over, h.fatal = true, err
	h.pool.Stop(&pool.StopOptions{DropWaiting: true, JobGrace: -1, DisconnectGrace: -1}, nil)
}
