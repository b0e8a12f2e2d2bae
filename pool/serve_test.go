package pool_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/pool"
)

func rawJSON(s string) json.RawMessage { return json.RawMessage(s) }

// readyMessage is the first message of the worker "serve".
const readyMessage = `{"ready":{"version":1,"concurrency":%d,"accepts":["cancel","recall","credit","ping"]` + readyAttach + `}}`

// gates let a job wait for another one.
type gates struct {
	mu       sync.Mutex
	byName   map[string]chan struct{}
	contexts sync.Map // name → context of the last job that waited
}

func (g *gates) of(name string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byName == nil {
		g.byName = map[string]chan struct{}{}
	}
	if g.byName[name] == nil {
		g.byName[name] = make(chan struct{})
	}
	return g.byName[name]
}

type codeError struct{}

func (codeError) Error() string { return "no such colour" }
func (codeError) Code() string  { return "ERR_COLOUR" }

type badError struct{}

func (badError) Error() string { panic("worse") }

type badValue struct{}

func (badValue) MarshalJSON() ([]byte, error) { panic("no JSON") }

func init() {
	// serve [option=value…] is a worker with all kinds of handlers.
	helperproc.Register("serve", func(args []string) {
		o := &pool.ServeOptions{OnError: func(err error) { fmt.Fprintln(os.Stderr, "error:", err) }}
		for _, arg := range args {
			name, value, _ := strings.Cut(arg, "=")
			n, _ := strconv.Atoi(value)
			switch name {
			case "concurrency":
				o.Concurrency = n
			case "grace":
				o.Grace = time.Duration(n) * time.Millisecond
			case "queue":
				o.MaxQueue = n
			case "queuebytes":
				o.MaxQueueBytes = int64(n)
			case "onloop":
				o.OnLoop = true
			case "async":
				o.Async = true
			case "teardown":
				o.Teardown = func(context.Context) error {
					fmt.Fprintln(os.Stderr, "teardown", value)
					if value == "panic" {
						panic(value)
					}
					return nil
				}
			}
		}
		serveHelper(handlers(), o)
	})
}

func handlers() pool.Handlers {
	var g gates
	return pool.Handlers{
		"": func(_ context.Context, j *pool.Job) (any, error) {
			var v any
			err := j.Decode(&v)
			return v, err
		},
		"about": func(_ context.Context, j *pool.Job) (any, error) {
			return []any{j.ID(), j.Method(), j.Attempt(), j.Worker(), j.Generation(), string(j.Raw()), len(j.Attachment())}, nil
		},
		"wait": func(ctx context.Context, j *pool.Job) (any, error) {
			var name string
			if err := j.Decode(&name); err != nil {
				return nil, err
			}
			g.contexts.Store(name, ctx)
			if err := j.Progress("begun"); err != nil {
				return nil, err
			}
			select {
			case <-g.of(name):
				return name, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		},
		"open": func(_ context.Context, j *pool.Job) (any, error) {
			var name string
			err := j.Decode(&name)
			close(g.of(name))
			return nil, err
		},
		"ended": func(_ context.Context, j *pool.Job) (any, error) {
			var name string
			if err := j.Decode(&name); err != nil {
				return nil, err
			}
			ctx, ok := g.contexts.Load(name)
			return ok && ctx.(context.Context).Err() != nil, nil
		},
		"fail": func(_ context.Context, j *pool.Job) (any, error) {
			var how string
			_ = j.Decode(&how)
			switch how {
			case "text":
				return nil, errors.New("bad luck")
			case "errno":
				_, err := os.Open("/nonexistent")
				return nil, err
			case "type":
				return nil, &fs.PathError{Op: "look", Path: "x", Err: errors.New("dark")}
			case "code":
				return nil, fmt.Errorf("paint: %w", codeError{})
			case "panic":
				panic("lost")
			case "panic in error":
				return nil, badError{}
			case "panic in result":
				return badValue{}, nil
			case "goexit":
				runtime.Goexit()
			case "chan":
				return make(chan int), nil
			case "cycle":
				m := map[string]any{}
				m["m"] = m
				return m, nil
			}
			return nil, fmt.Errorf("unknown %q", how)
		},
		"retire": func(_ context.Context, j *pool.Job) (any, error) {
			j.Retire()
			return "bye", nil
		},
	}
}

//brood:checks W080
func TestHandlersRunOnGoroutines(t *testing.T) {
	p := startHelper(t, "serve", "concurrency=2")
	p.expect(fmt.Sprintf(readyMessage, 2))
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":2,"method":"open","job":"a","later":{"versions":[1]}}`)
	p.expectAll(`{"id":1,"result":"a"}`, `{"id":2,"result":null}`)
	p.disconnect()
}

// A message after a cancel finds the context ended, without waiting.
//
//brood:checks W031 W080
func TestACancelEndsTheContextBeforeTheNextJobIsBegun(t *testing.T) {
	p := startHelper(t, "serve", "concurrency=2")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":2,"method":"ended","job":"a"}`)
	p.expect(`{"id":2,"result":false}`)
	p.send(`{"id":1,"cancel":"enough"}`, `{"id":3,"method":"ended","job":"a"}`)
	first := p.next()
	if strings.Contains(first, `"id":1,`) {
		first = p.next()
	}
	require.JSONEq(t, `{"id":3,"result":true}`, first)
	p.child.Disconnect()
	p.until("its end", func() bool { return p.status != nil })
}

//brood:checks W080
func TestAJobWithoutAMethodGoesToTheGeneralHandler(t *testing.T) {
	p := startHelper(t, "serve")
	p.expect(fmt.Sprintf(readyMessage, 1))
	for job, result := range map[string]string{
		`"job":{"b":[1,"x",null]}`: `{"b":[1,"x",null]}`,
		`"method":null,"job":1.5`:  `1.5`,
		`"method":"other"`:         `null`,
		`"a":0`:                    `null`,
	} {
		p.send(`{"id":7,` + job + `}`)
		p.expect(`{"id":7,"result":` + result + `}`)
	}
	p.disconnect()
}

//brood:checks W080
func TestAPanicIsAJobErrorWithItsStack(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		t.Run(mode, func(t *testing.T) {
			p := startHelper(t, "serve", mode)
			p.next()
			p.send(`{"id":1,"method":"fail","job":"panic"}`)
			var m struct {
				ID    int
				Error struct{ Message, Name, Stack string }
			}
			require.NoError(t, json.Unmarshal([]byte(p.next()), &m))
			require.Equal(t, 1, m.ID)
			require.Equal(t, "panic: lost", m.Error.Message)
			require.Contains(t, m.Error.Stack, "pool_test.handlers.func")
			p.send(`{"id":2,"job":"still here"}`)
			p.expect(`{"id":2,"result":"still here"}`)
			p.disconnect()
		})
	}
}

//brood:checks W080
func TestAnErrorIsSentWithMessageTypeAndCode(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode)
		p.next()
		for how, want := range map[string]string{
			"text":  `{"message":"bad luck"}`,
			"errno": `{"message":"open /nonexistent: no such file or directory","name":"fs.PathError","code":"ENOENT"}`,
			"type":  `{"message":"look x: dark","name":"fs.PathError"}`,
			"code":  `{"message":"paint: no such colour","code":"ERR_COLOUR"}`,
		} {
			p.send(`{"id":1,"method":"fail","job":"` + how + `"}`)
			p.expect(`{"id":1,"error":` + want + `}`)
		}
		p.disconnect()
	}
}

//brood:checks W074
func TestAResultThatCannotBecomeJSONIsAJobError(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode)
		p.next()
		for how, want := range map[string]string{
			"chan":            `"code":"ERR_RESULT"`,
			"cycle":           `value contains itself`,
			"panic in result": `panic: no JSON`,
			"panic in error":  `panic: in a method of the handler's error`,
		} {
			p.send(`{"id":1,"method":"fail","job":"` + how + `"}`)
			got := p.next()
			require.Contains(t, got, `{"id":1,"error":{`, how)
			require.Contains(t, got, want, how)
		}
		p.send(`{"id":2,"job":"still here"}`)
		p.expect(`{"id":2,"result":"still here"}`)
		p.disconnect()
	}
}

//brood:checks W080
func TestAHandlerThatEndsItsGoroutineIsAJobError(t *testing.T) {
	p := startHelper(t, "serve")
	p.next()
	for id := 1; id <= 3; id++ {
		p.send(fmt.Sprintf(`{"id":%d,"method":"fail","job":"goexit"}`, id))
		p.expect(fmt.Sprintf(`{"id":%d,"error":{"message":"the handler has called runtime.Goexit"}}`, id))
	}
	p.send(`{"id":4,"job":"still here"}`)
	p.expect(`{"id":4,"result":"still here"}`)
	p.disconnect()
}

//brood:checks W080
func TestAnUnknownMethodIsAJobError(t *testing.T) {
	p := startHelper(t, "serve-few")
	p.expect(`{"ready":{"version":1,"methods":["a","b"],"concurrency":1,"accepts":["cancel","recall","credit","ping"]` + readyAttach + `}}`)
	p.send(`{"id":1,"method":"c","job":1}`, `{"id":2,"job":1}`, `{"id":3,"method":"\u0061","job":1}`, `{"id":4,"method":5}`)
	p.expect(
		`{"id":1,"error":{"message":"this worker has no method \"c\"","code":"ERR_METHOD"}}`,
		`{"id":2,"error":{"message":"this worker has no method \"\"","code":"ERR_METHOD"}}`)
	p.expectAll(`{"id":3,"result":"a"}`, `{"id":4,"error":{"message":"this worker has no method \"5\"","code":"ERR_METHOD"}}`)
	p.disconnect()
}

func init() {
	helperproc.Register("serve-few", func([]string) {
		name := func(_ context.Context, j *pool.Job) (any, error) { return j.Method(), nil }
		serveHelper(pool.Handlers{"a": name, "b": name}, nil)
	})
}

//brood:checks W086
func TestAJobKnowsWorkerGenerationAndAttempt(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		file, argv := helperproc.Command("serve", mode)
		o := &childprocess.ForkOptions{}
		o.Env = append(os.Environ(), "BROOD_POOL_WORKER=3", "BROOD_POOL_GENERATION=2")
		p := startWorker(t, file, argv, o)
		p.next()
		p.send(`{"id":5,"method":"about","job":{"x": 1},"attempt":2}`, `{"id":6,"method":"about"}`)
		p.expect(`{"id":5,"result":[5,"about",2,3,2,"{\"x\":1}",0]}`, `{"id":6,"result":[6,"about",1,3,2,"null",0]}`)
		p.disconnect()
	}
	p := startHelper(t, "serve")
	p.next()
	p.send(`{"id":9007199254740991,"method":"about","job":0,"attempt":"x"}`)
	p.expect(`{"id":9007199254740991,"result":[9007199254740991,"about",1,0,0,"0",0]}`)
	p.disconnect()
}

func TestJobsOverTheConcurrencyWaitInOrder(t *testing.T) {
	p := startHelper(t, "serve")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	for id := 2; id <= 40; id++ {
		p.send(fmt.Sprintf(`{"id":%d,"job":%d}`, id, id))
	}
	p.send(`{"id":1,"cancel":"enough"}`)
	p.expect(`{"id":1,"error":{"message":"pool: job cancelled: enough","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	for id := 2; id <= 40; id++ {
		p.expect(fmt.Sprintf(`{"id":%d,"result":%d}`, id, id))
	}
	p.disconnect()
}

func TestACancelledJobThatWaitsIsAnsweredAtOnce(t *testing.T) {
	p := startHelper(t, "serve")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`, `{"id":2,"method":"about"}`, `{"id":3,"job":"c"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":2,"cancel":""}`, `{"id":2,"cancel":"again"}`)
	p.expect(`{"id":2,"error":{"message":"pool: job cancelled","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	p.send(`{"id":1,"cancel":{"any":"JSON"}}`)
	p.expect(`{"id":1,"error":{"message":"pool: job cancelled: {\"any\":\"JSON\"}","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	p.expect(`{"id":3,"result":"c"}`)
	p.disconnect()
}

func TestACancelOfAJobThatIsNotRunningDoesNothing(t *testing.T) {
	p := startHelper(t, "serve")
	p.next()
	p.send(`{"id":1,"cancel":"never heard of"}`, `{"id":2,"job":"x"}`)
	p.expect(`{"id":2,"result":"x"}`)
	p.send(`{"id":2,"cancel":"too late"}`, `{"id":2,"credit":5}`, `{"id":3,"job":"y"}`)
	p.expect(`{"id":3,"result":"y"}`)
	p.disconnect()
	require.Empty(t, p.stderr.String())
}

func TestAJobWithTheIDOfARunningOneIsIgnored(t *testing.T) {
	p := startHelper(t, "serve", "concurrency=2")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":1,"job":"twice"}`, `{"id":2,"method":"open","job":"a"}`)
	p.expectAll(`{"id":1,"result":"a"}`, `{"id":2,"result":null}`)
	p.send(`{"id":1,"job":"it is free"}`)
	p.expect(`{"id":1,"result":"it is free"}`)
	p.disconnect()
	require.Equal(t, `error: pool: message "{\"id\":1,\"job\":\"twice\"}": a job with this id is under way`+"\n", p.stderr.String())
}

func TestRetireAsksForReplacement(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop", "async"} {
		p := startHelper(t, "serve", mode)
		p.next()
		p.send(`{"id":1,"method":"retire"}`)
		p.expect(`{"retire":true}`, `{"id":1,"result":"bye"}`)
		p.disconnect()
	}
}
