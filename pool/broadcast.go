package pool

// A WorkerResult is what one worker has answered to a Broadcast.
type WorkerResult struct {
	Worker Worker
	Result *Result // nil with an error
	Err    error
}

// Broadcast gives job to each worker that is ready, once, and calls done with their answers in the
// order of the workers' numbers when the last one is there: never inside this call, and with none
// when no worker is ready. The job waits for a worker that is busy. It is not run again, nor by
// another worker, when its worker dies. Of o, Key and Handle are refused.
//
// Errors are those of [Pool.Run], for all workers together.
func (p *Pool) Broadcast(job any, o *RunOptions, done func([]WorkerResult)) error {
	if done == nil {
		panic("pool: Broadcast: nil callback")
	}
	if o == nil {
		o = new(RunOptions)
	}
	encoded, err := p.encode(job)
	if err != nil {
		return err
	}
	if err := p.refuses(); err != nil {
		return err
	}
	if err := o.check(p.o); err != nil {
		return err
	}
	switch {
	case o.Key != "":
		return &OptionError{"Key", "is not for Broadcast"}
	case o.Handle != nil:
		return &OptionError{"Handle", "is not for Broadcast"}
	}
	var workers []*worker
	busy := 0 // with which the job has to wait
	for _, w := range p.workers {
		if w.state == workerReady {
			workers = append(workers, w)
			if w.room(p.o.Ahead) <= 0 || w.bound.Len() > 0 {
				busy++
			}
		}
	}
	size := int64(busy) * int64(len(encoded)+len(o.Attach))
	if p.o.MaxQueue >= 0 && p.counts.waiting+busy > p.o.MaxQueue ||
		p.o.MaxQueueBytes >= 0 && p.counts.waiting > 0 && busy > 0 && p.counts.waitingBytes+size > p.o.MaxQueueBytes {
		p.needDrain = p.needDrain || p.counts.waiting > 0 // Else nothing would undo it.
		return ErrQueueFull
	}
	results := make([]WorkerResult, len(workers))
	left := len(workers)
	if left == 0 {
		p.nextTick(func() { done(nil) })
		return nil
	}
	for i, w := range workers {
		results[i].Worker = w.id()
		t := p.newTask(encoded, o, func(r *Result, err error) {
			results[i].Result, results[i].Err = r, err
			if left--; left == 0 {
				done(results)
			}
		})
		t.onlyWorker, t.retries, t.rerunAfterCrash, t.stream.discards = w, 0, false, true
		p.admit(t)
	}
	return nil
}
