package engine

import (
	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// jobs numbers the reactions of promises, which run in the order in which they were queued.
type jobs struct {
	ran       int64                              // jobs that have begun
	beforeJob func(s *Scope, number int64) error // nil: see BeforeJob

	// The last job that Queued has counted, and its number; counting goes on after it. The address
	// is invalid once that many jobs have run.
	last       uintptr
	lastNumber int64
}

// RunJobs is [Scope.RunJobs] in a scope of its own.
func (e *Engine) RunJobs() error { return e.Do((*Scope).RunJobs) }

// RunJobs runs the reactions of promises until there is none left. If one throws, which is rare,
// RunJobs returns its exception, and the later ones remain queued.
func (s *Scope) RunJobs() error {
	e, ran := s.e, false
	for js.XJS_IsJobPending(e.tls, e.rt) != 0 {
		if err := s.interruption(); err != nil {
			return err
		}
		if before := e.jobs.beforeJob; before != nil {
			ran = true
			if err := before(s, e.jobs.ran); err != nil {
				return err
			}
		}
		if err := s.runJob(); err != nil {
			return err
		}
	}
	e.forgetRejection()
	if before := e.jobs.beforeJob; before != nil && ran {
		return before(s, -1)
	}
	return nil
}

// Enqueue adds a job: a call of fn without arguments.
func (s *Scope) Enqueue(fn Value) error {
	e := s.e
	argv := e.arguments([]Value{fn})
	defer e.tls.Free(valueSize)
	return s.resultError(js.XJS_EnqueueJob(e.tls, e.ctx, addressOf[jobFunction](e.runCall), 1, argv))
}

// jobFunction is the type of the engine's function for a job.
type jobFunction = func(tls *libc.TLS, ctx uintptr, argc int32, argv uintptr) js.TJSValue

func (e *Engine) onJob(tls *libc.TLS, ctx uintptr, _ int32, argv uintptr) js.TJSValue {
	return js.XJS_Call(tls, ctx, valueAt(argv, 0), js.TJSValue{Ftag: js.EJS_TAG_UNDEFINED}, 0, 0)
}

// BeforeJob makes RunJobs call fn before each job with its number, from 0, and with -1 after the
// last job. nil: nothing is called.
func (e *Engine) BeforeJob(fn func(s *Scope, number int64) error) { e.jobs.beforeJob = fn }

// Queued returns the number of jobs so far, including queued ones.
func (e *Engine) Queued() int64 {
	if e.rt == 0 {
		return e.jobs.ran
	}
	list := e.rt + jobListOffset
	j := &e.jobs
	link, n := *pointerAt[uintptr](list + nextOffset), j.ran
	if j.last != 0 && j.lastNumber >= j.ran {
		link, n = *pointerAt[uintptr](j.last + nextOffset), j.lastNumber+1
	}
	for ; link != list; link = *pointerAt[uintptr](link + nextOffset) {
		j.last, j.lastNumber = link, n
		n++
	}
	return n
}

// HasJobs reports whether a job is queued.
func (e *Engine) HasJobs() bool { return e.rt != 0 && js.XJS_IsJobPending(e.tls, e.rt) != 0 }

func (s *Scope) runJob() error {
	e := s.e
	ctx := e.tls.Alloc(8)
	defer e.tls.Free(8)
	e.jobs.ran++
	return s.resultError(js.XJS_ExecutePendingJob(e.tls, e.rt, ctx))
}
