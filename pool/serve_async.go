package pool

import (
	"os"

	"github.com/brood-go/brood/internal/nodejson"
)

// asyncJobs are the jobs of a server with Async, whose handlers run on the loop goroutine and
// answer later.
type asyncJobs struct {
	running   int    // begun and not answered, at most Concurrency
	scheduled bool   // begin comes in a tick
	begin     func() // server.begin, made once
	encoder   nodejson.Encoder
}

// handlesOnLoop reports whether handlers run on the loop goroutine.
func (o *ServeOptions) handlesOnLoop() bool { return o.OnLoop || o.Async }

// Later lets a handler with [ServeOptions].Async answer after it has returned; its own results are
// then ignored. answer must be called on the loop goroutine. It ends the job with the result or
// error; further calls do nothing. Later panics without Async.
//
// Preconditions:
//
//   - The handler has not returned.
func (j *Job) Later() (answer func(result any, err error)) {
	if !j.server.o.Async {
		panic("pool: Job.Later: ServeOptions.Async is not set")
	}
	j.later = true
	answered := false
	return func(result any, err error) {
		if !answered {
			answered = true
			j.server.answerAsync(j, result, err)
		}
	}
}

// begin calls the handlers of waiting jobs, up to Concurrency.
func (s *server) begin() {
	s.async.scheduled = false
	for s.async.running < s.o.Concurrency {
		j := s.door.next()
		if j == nil {
			return
		}
		s.async.running++
		if value, err := callAsync(j); !j.later {
			s.answerAsync(j, value, err)
		}
	}
}

// beginSoon calls begin in a tick, because the caller may be a handler, inside which no other
// handler may run.
func (s *server) beginSoon() {
	if s.o.Async && !s.async.scheduled && s.shutdown.state == serving {
		s.async.scheduled = true
		s.loop.NextTick(s.async.begin)
	}
}

// callAsync calls the handler. A panic is the answer, even after Later.
func callAsync(j *Job) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			value, err = nil, newPanicError(v)
			if j.later {
				j.server.answerAsync(j, nil, err)
			}
		}
	}()
	return j.handler(j.ctx, j)
}

// answerAsync answers a running job, unless it is answered already.
func (s *server) answerAsync(j *Job, value any, err error) {
	if j.ended {
		return // A panic after Later was the answer.
	}
	var frame []byte
	var attach *os.File
	if err == nil {
		frame, attach, err = resultOf(j, value, s.door.buffer(), &s.async.encoder)
	}
	if err != nil {
		frame = appendError(s.door.buffer(), j.id, describeSafely(j.ctx, err))
	}
	s.async.running--
	s.answerJob(j, frame, attach)
	s.flush()
	s.beginSoon()
}
