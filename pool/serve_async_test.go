package pool_test

import (
	"context"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// openJobs are the jobs of a worker that answers them later.
type openJobs struct {
	loop    *reactor.Loop
	answers map[string]func(any, error)
	inside  bool // a handler is running
}

func init() {
	// serve-async [concurrency] is a worker whose jobs are answered by other jobs.
	helperproc.Register("serve-async", func(args []string) {
		n, _ := strconv.Atoi(args[0])
		serveHelperOn(func(l *reactor.Loop) pool.Handlers {
			h := &openJobs{loop: l, answers: map[string]func(any, error){}}
			return pool.Handlers{"hold": h.answerLater, "open": h.open, "die": h.die}
		}, &pool.ServeOptions{Async: true, Concurrency: n})
	})
}

func (h *openJobs) answerLater(ctx context.Context, j *pool.Job) (any, error) {
	if h.inside {
		panic("a handler inside another one")
	}
	var name string
	if err := j.Decode(&name); err != nil {
		return nil, err
	}
	answer := j.Later()
	h.answers[name] = answer
	context.AfterFunc(ctx, func() {
		_ = h.loop.Post(func() { answer(nil, context.Cause(ctx)) })
	})
	return "ignored", j.Progress("begun")
}

// open answers another job. The next one must not begin inside this handler.
func (h *openJobs) open(_ context.Context, j *pool.Job) (any, error) {
	var name string
	err := j.Decode(&name)
	h.inside = true
	h.answers[name](name, nil)
	h.answers[name]("twice", nil)
	h.inside = false
	return nil, err
}

func (h *openJobs) die(_ context.Context, j *pool.Job) (any, error) {
	answer := j.Later()
	h.loop.SetImmediate(func() { answer("too late", nil) })
	panic("lost")
}

const cancelled = `{"id":1,"error":{"message":"pool: job cancelled: x","name":"pool.CancelError","code":"ERR_CANCELLED"}}`

//brood:checks W080
func TestAsyncHandlersAnswerLaterAndConcurrencyOfThemRun(t *testing.T) {
	p := startHelper(t, "serve-async", "2")
	p.next()
	p.send(`{"id":1,"method":"hold","job":"a"}`, `{"id":2,"method":"open","job":"a"}`, `{"id":3,"method":"hold","job":"c"}`)
	p.expect(`{"id":1,"progress":"begun"}`, `{"id":1,"result":"a"}`, `{"id":2,"result":null}`, `{"id":3,"progress":"begun"}`)
	p.send(`{"id":4,"method":"hold","job":"d"}`, `{"id":5,"method":"hold","job":"e"}`, `{"id":6,"method":"hold","job":"f"}`)
	p.expect(`{"id":4,"progress":"begun"}`)
	p.send(`{"id":5,"recall":true}`, `{"id":4,"recall":true}`, `{"id":3,"cancel":"x"}`)
	p.expect(`{"id":5,"recalled":true}`, `{"id":3`+cancelled[len(`{"id":1`):], `{"id":6,"progress":"begun"}`)
	p.send(`{"id":6,"cancel":"x"}`, `{"id":4,"cancel":"x"}`)
	p.expectAll(`{"id":6`+cancelled[len(`{"id":1`):], `{"id":4`+cancelled[len(`{"id":1`):])
	p.disconnect()
}

//brood:checks W080
func TestAPanicOfAnAsyncHandlerIsItsAnswer(t *testing.T) {
	p := startHelper(t, "serve-async", "1")
	p.next()
	for range 3 {
		p.send(`{"id":1,"method":"die"}`)
		require.Contains(t, p.next(), `{"id":1,"error":{"message":"panic: lost"`)
	}
	p.disconnect()
}

//brood:checks W086
func TestRunningAsyncJobsAreFinishedBeforeTheWorkerExits(t *testing.T) {
	p := startHelper(t, "serve-async", "1")
	p.next()
	p.send(`{"id":1,"method":"hold","job":"a"}`, `{"id":2,"method":"hold","job":"never begun"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.kill(syscall.SIGTERM)
	p.expect(`{"retire":true}`)
	p.send(`{"id":1,"cancel":"x"}`)
	p.expect(cancelled)
	p.disconnect()
}
