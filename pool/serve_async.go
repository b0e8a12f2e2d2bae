package pool

import (
	"os"

	"github.com/brood-go/brood/internal/nodejson"
)

// asyncJobs are those whose handlers run on the loop and answer later.
type asyncJobs struct {
	running   int
	scheduled bool   // begin comes in a tick
	begin     func() // server.begin, made once
	encoder   nodejson.Encoder
}

// handlesOnLoop reports whether the handlers run on the loop goroutine.
func (o *ServeOptions) handlesOnLoop() bool { return o.OnLoop || o.Async }

// Later is for handlers with [ServeOptions].Async, which call it before they return. What they
// return is then ignored, and the job goes on until answer is called, on the loop goroutine, with
// what they would have returned. Calls after the first are ignored.
//
// It panics without Async.
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

// begin calls the handlers of the jobs that wait, as far as there is room.
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

// beginSoon is begin for what is called by a handler: no other handler runs inside that.
func (s *server) beginSoon() {
	if s.o.Async && !s.async.scheduled && s.shutdown.state == serving {
		s.async.scheduled = true
		s.loop.NextTick(s.async.begin)
	}
}

// callAsync calls the handler. A panic of it is the answer, also after Later.
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

// answerAsync answers a job that was begun.
func (s *server) answerAsync(j *Job, value any, err error) {
	if j.ended {
		return // By a panic, after Later.
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
