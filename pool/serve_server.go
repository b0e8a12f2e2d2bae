package pool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/nodejson"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// server is the worker's side of a channel to a pool, one of the locals of its loop.
//
// Its fields are used on the loop goroutine only. The goroutines of handlers use constant fields,
// and the door.
type server struct {
	loop     *reactor.Loop
	parent   *ipc.Channel
	handlers map[string]*method // constant
	o        ServeOptions       // constant, without zeros

	worker, generation int // from the environment; 0: not set

	door       *serveDoor
	jobs       map[uint64]*Job // without an answer; empty with OnLoop
	cost       int64           // bytes of jobs
	runnerFunc func()          // s.runner, made once

	gather ipc.SendOptions // options of answers: those sent in one turn go in one write
	async  asyncJobs       // unused without ServeOptions.Async

	// Memory that is used again. current and result are only for OnLoop.
	current Job
	result  resultFrame
	text    frame // the message that is being sent

	req        request                 // the message that is being read
	memberFunc func(key, value []byte) // req.member, made once

	outbox   outbox
	shutdown shutdown
	watchers []*signals.Watcher
}

// method is a handler and its name. A job uses this name rather than a copy of its own.
type method struct {
	name    string
	handler Handler
}

// newServer watches the signals, sends the ready message, and listens to the channel.
func newServer(l *reactor.Loop, parent *ipc.Channel, h Handlers, o ServeOptions) (*server, error) {
	s := &server{
		loop: l, parent: parent, o: o, handlers: map[string]*method{}, jobs: map[uint64]*Job{},
		worker: numberFromEnv(envWorker), generation: numberFromEnv(envGeneration),
	}
	for name, handler := range h {
		s.handlers[name] = &method{name, handler}
	}
	s.door = newDoor(l, s.flush)
	s.door.onLoop = o.Async
	s.runnerFunc = s.runner
	s.gather.Gather = true
	s.async.begin = s.begin
	s.memberFunc = s.req.member
	s.shutdown.init()
	if err := s.watchSignals(); err != nil {
		return nil, err
	}
	if err := parent.Send(&readyFrame{Ready: s.ready()}); err != nil {
		s.closeSignals()
		return nil, err
	}
	parent.OnMessage(s.onMessage)
	parent.OnDrain(s.onDrain)
	parent.OnError(s.onError)
	parent.OnDisconnect(s.onDisconnect)
	return s, nil
}

// Environment variables with a worker's number and its generation.
const (
	envWorker     = "BROOD_POOL_WORKER"
	envGeneration = "BROOD_POOL_GENERATION"
)

// numberFromEnv returns the number in a variable, 0 if there is none.
func numberFromEnv(name string) int {
	n, err := strconv.ParseUint(os.Getenv(name), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// readyFrame is the worker's first message.
type readyFrame struct {
	Ready ready `json:"ready"`
}

type ready struct {
	Version     int      `json:"version"`
	Methods     []string `json:"methods,omitempty"` // empty: any
	Concurrency int      `json:"concurrency"`
	Accepts     []string `json:"accepts"`
	Attach      string   `json:"attach,omitempty"`
}

// ready returns the ready message. A handler on the loop keeps the worker from reading, so with
// OnLoop it only accepts pings.
func (s *server) ready() ready {
	r := ready{Version: Version, Concurrency: s.o.Concurrency, Accepts: []string{"cancel", "recall", "credit", "ping"}, Attach: attachBy}
	if s.o.OnLoop {
		r.Accepts = []string{"ping"}
	}
	if s.handlers[""] == nil {
		r.Methods = slices.Sorted(maps.Keys(s.handlers))
	}
	return r
}

// onMessage handles a message of the parent. Unknown members are ignored.
func (s *server) onMessage(m *ipc.Message) {
	if err := s.readMessage(m); err != nil {
		s.reportError(err)
	}
}

// readMessage handles a message: a job, or one about a job. The error is a *ParentError.
func (s *server) readMessage(m *ipc.Message) error {
	r := &s.req
	*r = request{}
	if err := parse(m.Raw(), s.memberFunc); err != nil {
		return err
	}
	if r.id == nil {
		return s.readWithoutID(m)
	}
	id, ok := number(r.id)
	if !ok || id == 0 {
		return parentError(m.Raw(), "the id is no positive integer")
	}
	if r.cancel == nil && r.recall == nil && r.credit == nil {
		return s.receiveJob(id, m)
	}
	j := s.jobs[id]
	if j == nil {
		return nil // It was answered while the message was on its way.
	}
	if r.credit != nil {
		n, ok := number(r.credit)
		if !ok {
			return parentError(m.Raw(), "the credit is no number of bytes")
		}
		s.door.grant(j, n)
	}
	if given(r.recall) && s.door.withdraw(j) {
		s.answerJob(j, append(appendID(s.door.buffer(), j.id), `,"recalled":true}`...), nil)
		s.flush()
		return nil
	}
	if given(r.cancel) {
		s.cancelJob(j, cancelError(textOf(r.cancel)))
	}
	return nil
}

func (s *server) readWithoutID(m *ipc.Message) error {
	r := &s.req
	if r.ping != nil {
		n, ok := number(r.ping)
		if !ok {
			return parentError(m.Raw(), "the ping is no number")
		}
		s.door.notice(append(strconv.AppendUint([]byte(`{"pong":`), n, 10), '}'))
		s.flush()
		return nil
	}
	if r.job != nil || r.method != nil || r.cancel != nil || r.recall != nil || r.credit != nil {
		return parentError(m.Raw(), "it has no id")
	}
	return nil
}

// receiveJob runs or queues a job.
func (s *server) receiveJob(id uint64, m *ipc.Message) error {
	if s.jobs[id] != nil {
		// The parent would take an answer for that job's.
		return parentError(m.Raw(), "a job with this id is under way")
	}
	if s.shutdown.state != serving {
		return nil // The parent gives it to another worker when this one has exited.
	}
	j := &s.current
	if !s.o.OnLoop || !s.outbox.empty() { // The outbox may refer to the last job in current.
		j = new(Job)
	}
	*j = Job{server: s, ctx: s.shutdown.ctx, id: id, attempt: attemptOf(s.req.attempt), raw: s.req.job, credit: startCredit}
	if j.raw == nil {
		j.raw = null
	}
	if err := s.accept(j, m); err != nil {
		s.door.notice(appendError(nil, id, describe(j.ctx, err)))
		s.flush()
		return nil
	}
	if s.o.OnLoop {
		s.runOnLoop(j)
		return nil
	}
	j.raw = bytes.Clone(j.raw)
	j.ctx, j.cancel = context.WithCancelCause(context.Background())
	j.cost = int64(len(j.raw)) + int64(min(j.attachment.size, mostCost))
	s.jobs[id] = j
	s.cost += j.cost
	if s.o.Async {
		s.door.queueForNext(j)
		s.begin()
		return nil
	}
	s.door.queueForRunner(j, s.o.Concurrency, s.runnerFunc)
	// Lets a runner begin after the queued ticks. Jobs that came together are queued by then.
	s.loop.Yield()
	return nil
}

// onError handles an error of the channel. A job that was too long is answered with an error.
func (s *server) onError(err error) {
	if errors.Is(err, ipc.ErrChannelClosed) || errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET) {
		return // OnDisconnect follows.
	}
	s.reportError(err)
	m, ok := errors.AsType[*ipc.MessageError](err)
	if !ok || !errors.Is(err, ipc.ErrMessageTooLong) || s.shutdown.state != serving {
		return
	}
	var r request
	nodejson.Beginning(m.Data, func(key, value []byte, whole bool) {
		if whole || !nodejson.Means(key, "id") {
			r.member(key, value)
		}
	})
	id, _ := number(r.id)
	if id == 0 || s.jobs[id] != nil || r.cancel != nil || r.recall != nil || r.credit != nil {
		return
	}
	s.door.notice(appendError(nil, id, describe(s.shutdown.ctx, &codedError{codeTooLarge, ipc.ErrMessageTooLong})))
	s.flush()
}

// mostCost bounds the bytes that one attachment counts for, so that sums stay in range whatever
// size the parent announces.
const mostCost = 1 << 40

// accept sets the handler of a job, and takes the handle or attachment of its message. The error is
// the answer to the job.
func (s *server) accept(j *Job, m *ipc.Message) (err error) {
	name := methodOf(s.req.method)
	if to := s.handlers[string(name)]; to != nil {
		j.handler, j.method = to.handler, to.name
	} else if to = s.handlers[""]; to != nil {
		j.handler, j.method = to.handler, string(name)
	} else {
		return &codedError{codeMethod, fmt.Errorf("this worker has no method %q", name[:min(len(name), maxExcerpt)])}
	}
	if err := s.checkQueueRoom(); err != nil {
		return err
	}
	if n, ok := number(s.req.attach); !given(s.req.attach) || ok && n == 0 {
		j.handle = m.Handle()
		return nil
	}
	j.attachment, err = receiveAttachment(m, s.req.attach)
	return err
}

// checkQueueRoom returns an error if no further job can wait here.
func (s *server) checkQueueRoom() error {
	waiting := len(s.jobs) - s.o.Concurrency
	if waiting <= 0 || waiting < s.o.MaxQueue && s.cost < s.o.MaxQueueBytes {
		return nil
	}
	return &codedError{codeQueueFull, fmt.Errorf("%d jobs wait for this worker already", waiting)}
}

// cancelJob ends the context of a running job. A waiting one is answered at once.
func (s *server) cancelJob(j *Job, cause error) {
	if s.door.withdraw(j) {
		s.answerJob(j, appendError(s.door.buffer(), j.id, describe(j.ctx, cause)), nil)
		s.flush()
		return
	}
	j.cancel(cause)
}

// answerJob ends a job. It is called by the goroutine that has it: its runner, or the loop for one
// that no runner has taken.
func (s *server) answerJob(j *Job, frame []byte, attach *os.File) {
	j.attachment.release()
	s.door.answer(j, frame, attach)
	if j.cancel != nil {
		j.cancel(ErrJobEnded) // Release the context.
	}
}

// reportError passes on an error that belongs to no job.
func (s *server) reportError(err error) {
	switch logger := s.loop.Logger(); {
	case s.o.OnError != nil:
		s.o.OnError(err)
	case logger != nil:
		logger.Error("brood: pool worker", "err", err)
	}
}

// watchSignals ignores SIGINT, and shuts the worker down on SIGTERM.
func (s *server) watchSignals() error {
	for _, w := range []struct {
		signal signals.Signal
		fn     func(signals.Signal)
	}{
		{unix.SIGINT, func(signals.Signal) {}},
		{unix.SIGTERM, func(signals.Signal) { s.onSIGTERM() }},
	} {
		watch, err := signals.Watch(s.loop, w.signal, w.fn)
		if err != nil {
			s.closeSignals()
			return err
		}
		watch.Unref()
		s.watchers = append(s.watchers, watch)
	}
	return nil
}

func (s *server) closeSignals() {
	for _, w := range s.watchers {
		w.Close()
	}
	s.watchers = nil
}

// Close runs when the loop is closed. The contexts of running handlers end. Nothing waits for the
// handlers, and their answers are dropped.
func (s *server) Close() error {
	s.shutdown.state = serveStopped
	s.door.close(reactor.ErrClosed)
	for _, j := range s.door.withdrawAll() {
		j.attachment.release()
	}
	s.stopHandlers(reactor.ErrClosed)
	for _, o := range s.door.collect(s.outbox.list) {
		closeFile(o.attach)
	}
	return nil
}
