package pool

// A WorkerResult is the answer of one worker to a Broadcast.
type WorkerResult struct {
	Worker Worker
	Result *Result // nil if Err is not
	Err    error
}

// Broadcast gives job to each ready worker, once. done is called once, never inside this call, with
// the answers in the order of the workers' numbers, when the last one has come; with none if no
// worker is ready.
//
// The job waits for busy workers. It is not run again if its worker dies. Key and Handle of o are
// refused. Errors are those of [Pool.Run], for all workers together. Broadcast panics if done is
// nil.
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
	busy := 0 // workers for which the job has to wait
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
		// Without a waiting task nothing would reset it.
		p.needDrain = p.needDrain || p.counts.waiting > 0
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
