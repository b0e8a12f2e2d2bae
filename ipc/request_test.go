package ipc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/ipc/v8"
	"github.com/brood-go/brood/reactor"
)

// question is a request, as the other side sees it.
type question struct {
	ID      string
	Request any
}

func init() {
	// ipc-answer answers with the request, numbers doubled.
	helperproc.Register("ipc-answer", func([]string) {
		inHelper(func(_ *reactor.Loop, c *ipc.Channel) {
			c.OnMessage(func(m *ipc.Message) {
				var q struct {
					ID      string
					Request int
				}
				check(m.Decode(&q))
				check(c.Send(map[string]any{"id": q.ID, "result": 2 * q.Request}))
			})
		})
	})
}

// answering makes c answer requests.
func answering(t *testing.T, c *ipc.Channel, answer func(q question) map[string]any) {
	c.OnMessage(func(m *ipc.Message) {
		var q question
		require.NoError(t, m.Decode(&q))
		a := answer(q)
		if a == nil {
			return
		}
		a["id"] = q.ID
		require.NoError(t, c.Send(a))
	})
}

func ask(t *testing.T, c *ipc.Channel, v any, fn func(m *ipc.Message, err error)) {
	t.Helper()
	require.NoError(t, c.Request(context.Background(), v, fn))
}

func eachMode(t *testing.T, test func(t *testing.T, o *ipc.Options)) {
	for _, mode := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		t.Run(mode.String(), func(t *testing.T) { test(t, &ipc.Options{Serialization: mode}) })
	}
}

//brood:checks S073
func TestARealProcessAnswersInAnyOrder(t *testing.T) {
	for _, language := range []string{"node", "go"} {
		t.Run(language, func(t *testing.T) {
			eachMode(t, func(t *testing.T, o *ipc.Options) {
				const n = 200
				l := newLoop(t)
				var c *ipc.Channel
				var wait func()
				if language == "node" {
					node := startNode(t, l, o, `
						const work = async n => { if (n % 3 === 0) await new Promise(setImmediate); return 2 * n; };
						process.send('ready');
						process.on('message', async ({id, request}) => process.send({id, result: await work(request)}));`)
					c, wait = node.channel, func() { node.wait() }
				} else {
					channel, cmd := startHelper(t, l, "ipc-answer", o)
					c, wait = channel, func() { require.NoError(t, cmd.Wait()) }
				}
				var others []string
				c.OnMessage(func(m *ipc.Message) { others = append(others, text(t, m)) })
				got := 0
				for i := range n {
					ask(t, c, i, func(m *ipc.Message, err error) {
						require.NoError(t, err)
						var twice int
						require.NoError(t, m.Decode(&twice))
						require.Equal(t, 2*i, twice)
						if got++; got == n {
							c.Disconnect()
						}
					})
				}
				require.Zero(t, got)
				run(t, l)
				wait()
				require.Equal(t, n, got)
				if language == "node" {
					require.Equal(t, []string{"ready"}, others)
				} else {
					require.Empty(t, others)
				}
			})
		})
	}
}

//brood:checks S073
func TestAnswersHaveResultsOrErrors(t *testing.T) {
	eachMode(t, func(t *testing.T, o *ipc.Options) {
		l := newLoop(t)
		a, b := newPair(t, l, o)
		a.OnMessage(func(m *ipc.Message) { require.Fail(t, "an answer", "%s", m.Raw()) })
		answers := []map[string]any{
			{"result": map[string]any{"x": 1}}, {"result": nil}, {}, {"error": nil, "result": "fine"},
			{"error": "no"}, {"error": map[string]any{"message": "no such job", "code": 7}}, {"error": false}, {"error": 5, "result": 1},
			{"error": map[string]any{}},
		}
		answering(t, b, func(q question) map[string]any { return answers[int(v8Number(q.Request))] })
		var got []string
		for i := range answers {
			ask(t, a, i, func(m *ipc.Message, err error) {
				if err != nil {
					require.Nil(t, m)
					require.IsType(t, &ipc.AnswerError{}, err)
					got = append(got, err.Error())
				} else {
					v, err := m.Value()
					require.NoError(t, err)
					if v == v8.Undefined {
						v = nil
					}
					if object, ok := v.(*v8.Object); ok {
						v = object.Map()
					}
					got = append(got, fmt.Sprint(v))
					require.NotEmpty(t, m.Raw())
				}
				if len(got) == len(answers) {
					a.Disconnect()
				}
			})
		}
		run(t, l)
		const failed = "ipc: the answer is an error"
		require.Equal(t, []string{"map[x:1]", "<nil>", "<nil>", "fine", failed + ": no", failed + ": no such job", failed, failed, failed}, got)
	})
}

// v8Number returns a number of either serialization.
func v8Number(v any) float64 {
	if n, ok := v.(int); ok {
		return float64(n)
	}
	return v.(float64)
}

//brood:checks S073
func TestAnErrorOfANodeProgram(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, advanced, `process.on('message', ({id}) => process.send({id, error: new RangeError('too much')}));`)
	var got error
	ask(t, node.channel, nil, func(_ *ipc.Message, err error) {
		got = err
		node.channel.Disconnect()
	})
	run(t, l)
	node.wait()
	require.EqualError(t, got, "ipc: the answer is an error: RangeError: too much")
}

func TestAnAnswerMayHaveAHandle(t *testing.T) {
	eachMode(t, func(t *testing.T, o *ipc.Options) {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		a, b := newPair(t, l, o)
		file := socketFile(t)
		answer := func(q question) {
			require.NoError(t, b.SendWith(map[string]any{"id": q.ID, "result": []any{q.Request}}, &ipc.SendOptions{Handle: file}))
		}
		var late question
		b.OnMessage(func(m *ipc.Message) {
			require.NotNil(t, m.Handle(), "the request has one too")
			require.NoError(t, m.Handle().Close())
			var q question
			require.NoError(t, m.Decode(&q))
			if q.Request == "late" {
				late = q
			} else {
				answer(q)
			}
		})
		got := 0
		for take := range 2 {
			require.NoError(t, a.RequestWith(context.Background(), "x", &ipc.SendOptions{Handle: file}, func(m *ipc.Message, err error) {
				require.NoError(t, err)
				var v []string
				require.NoError(t, m.Decode(&v))
				require.Equal(t, []string{"x"}, v)
				if take == 1 {
					require.NoError(t, m.Handle().Close())
				}
				got++
			}))
		}
		// No request waits for this answer, so its handle is closed.
		ctx, cancel := context.WithCancel(context.Background())
		cancelled := false
		require.NoError(t, a.RequestWith(ctx, "late", &ipc.SendOptions{Handle: file}, func(_ *ipc.Message, err error) {
			require.ErrorIs(t, err, context.Canceled)
			cancelled = true
		}))
		cancel()
		until(t, l, func() bool { return cancelled && late.ID != "" })
		answer(late)
		a.Disconnect()
		run(t, l)
		require.Equal(t, 2, got)
	})
}

//brood:checks S073
func TestARequestEndsWithItsContext(t *testing.T) {
	eachMode(t, func(t *testing.T, o *ipc.Options) {
		l := newLoop(t)
		a, b := newPair(t, l, o)
		a.OnMessage(func(m *ipc.Message) { require.Equal(t, "plain", text(t, m), "a late answer") })
		var ids []string
		answering(t, b, func(q question) map[string]any { ids = append(ids, q.ID); return nil })

		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, a.Request(ctx, 1, func(*ipc.Message, error) { require.Fail(t, "called") }), context.Canceled)

		var got []error
		for sent := 0; sent < 3; {
			ctx, cancel = context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			err := a.Request(ctx, 2, func(_ *ipc.Message, err error) { got = append(got, err) })
			if err == nil {
				sent++
			} else { // Its context had ended before.
				require.ErrorIs(t, err, context.DeadlineExceeded)
			}
		}
		until(t, l, func() bool { return len(got) == 3 && len(ids) == 3 })
		for _, err := range got {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		for _, id := range append(ids, ids[0]) {
			require.NoError(t, b.Send(map[string]any{"id": id, "result": "late"}))
		}
		require.NoError(t, b.Send("plain"))
		b.Disconnect()
		run(t, l)
		require.Len(t, got, 3)
	})
}

//brood:checks S073
func TestEveryRequestFailsBeforeOnDisconnect(t *testing.T) {
	for name, end := range map[string]func(a *ipc.Channel, p *peer){
		"peer":    func(_ *ipc.Channel, p *peer) { p.close() },
		"destroy": func(a *ipc.Channel, _ *peer) { a.Destroy() },
		"disconnect": func(a *ipc.Channel, p *peer) {
			a.Disconnect()
			p.close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			panics := 0
			l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
			a, p := newChannel(t, l, nil)
			var got []string
			for i := range 3 {
				ask(t, a, i, func(m *ipc.Message, err error) {
					require.Nil(t, m)
					require.ErrorIs(t, err, ipc.ErrChannelClosed)
					got = append(got, fmt.Sprint(i))
					panic("each is alone")
				})
			}
			a.OnDisconnect(func() { got = append(got, "disconnect") })
			end(a, p)
			require.Empty(t, got)
			run(t, l)
			require.Equal(t, []string{"0", "1", "2", "disconnect"}, got)
			require.Equal(t, 3, panics)
			require.ErrorIs(t, a.Request(context.Background(), 1, func(*ipc.Message, error) {}), ipc.ErrChannelClosed)
		})
	}
}

//brood:checks S073
func TestAnswersThatWereReadAreDeliveredBeforeTheEnd(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	answering(t, b, func(q question) map[string]any {
		if v8Number(q.Request) == 9 {
			l.NextTick(b.Disconnect)
		}
		return map[string]any{"result": q.Request}
	})
	answers := 0
	for i := range 10 {
		ask(t, a, i, func(_ *ipc.Message, err error) { require.NoError(t, err); answers++ })
	}
	a.Disconnect()
	run(t, l)
	require.Equal(t, 10, answers)
}

func TestALostRequestFails(t *testing.T) {
	l := newLoop(t)
	a, p := newChannel(t, l, nil)
	a.OnError(func(err error) { require.NoError(t, err) })
	var got []string
	note := func(s string) func(error) { return func(err error) { got = append(got, s); require.Error(t, err) } }
	require.NoError(t, a.RequestWith(context.Background(), strings.Repeat("x", 1<<20), &ipc.SendOptions{Done: note("done")},
		func(_ *ipc.Message, err error) { note("request")(err) }))
	p.close()
	run(t, l)
	require.ElementsMatch(t, []string{"done", "request"}, got)
}

// Messages that look like answers and are none go to OnMessage.
func TestOnlyAnswersAreTakenForAnswers(t *testing.T) {
	eachMode(t, func(t *testing.T, o *ipc.Options) {
		l := newLoop(t)
		a, b := newPair(t, l, o)
		var id string
		asked := 0
		b.OnMessage(func(m *ipc.Message) {
			var q question
			require.NoError(t, m.Decode(&q))
			id = q.ID
			asked++
		})
		ask(t, a, "x", func(m *ipc.Message, err error) { require.ErrorIs(t, err, ipc.ErrChannelClosed) })
		until(t, l, func() bool { return asked == 1 })
		got := 0
		a.OnMessage(func(*ipc.Message) { got++ })
		others := []any{
			map[string]any{"id": 1, "result": 1}, map[string]any{"id": "1", "result": 1}, map[string]any{"id": id + "0", "result": 1},
			map[string]any{"id": " " + id}, map[string]any{"id": id + "x"}, map[string]any{"a": map[string]any{"id": id}},
			[]any{id}, id, map[string]any{"id": []any{id}}, map[string]any{"id": strings.TrimRight(id, "0123456789") + "-1"},
		}
		for _, v := range others {
			require.NoError(t, b.Send(v))
		}
		b.Disconnect()
		run(t, l)
		require.Equal(t, len(others), got)
	})
}

func TestRequestsAreBounded(t *testing.T) {
	l := newLoop(t)
	x, y := socketPair(t)
	a, err := ipc.New(l, x, &ipc.Options{MaxRequests: 3})
	require.NoError(t, err)
	b, err := ipc.New(l, y, nil)
	require.NoError(t, err)
	answers := 0
	fn := func(_ *ipc.Message, err error) { require.NoError(t, err); answers++ }
	for range 3 {
		ask(t, a, 1, fn)
	}
	require.ErrorIs(t, a.Request(context.Background(), 1, fn), ipc.ErrTooManyRequests)
	answering(t, b, func(q question) map[string]any { return map[string]any{} })
	until(t, l, func() bool { return answers == 3 })
	ask(t, a, 1, fn)
	require.Error(t, a.Request(context.Background(), func() {}, fn))
	a.Disconnect()
	run(t, l)
	require.Equal(t, 4, answers)
}

// The request of each answer is looked up. Trying all waiting requests would be thousands of
// millions of calls here.
func TestManyRequestsAreAnsweredInTheReverseOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes 50,000 requests")
	}
	const n = 50_000
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var ids []string
	answering(t, b, func(q question) map[string]any {
		if ids = append(ids, q.ID); len(ids) == n {
			for i := range ids {
				require.NoError(t, b.Send(map[string]any{"id": ids[n-1-i], "result": i}))
			}
		}
		return nil
	})
	got := 0
	for i := range n {
		ask(t, a, i, func(m *ipc.Message, err error) {
			require.NoError(t, err)
			require.Equal(t, n-1-i, got)
			if got++; got == n {
				a.Disconnect()
			}
		})
	}
	run(t, l)
	require.Equal(t, n, got)
}

func TestARequestKeepsAChildsLoopAlive(t *testing.T) {
	l := newLoop(t)
	c, p := newParentChannel(t, l, "json")
	answered := false
	ask(t, c, "q", func(m *ipc.Message, err error) { require.NoError(t, err); answered = true })
	poll(t, l)
	require.True(t, l.Alive())
	s, _ := p.read()
	id := strings.Split(s, `"`)[3]
	p.send(`{"result":1,"id":"` + id + "\"}\n")
	run(t, l)
	require.True(t, answered)
}

func TestRequestsAreForgottenWithTheLoop(t *testing.T) {
	l, err := reactor.New(nil)
	require.NoError(t, err)
	a, _ := newChannel(t, l, nil)
	a.Unref()
	ctx, cancel := context.WithCancel(context.Background())
	require.NoError(t, a.Request(ctx, 1, func(*ipc.Message, error) { require.Fail(t, "called") }))
	run(t, l)
	require.NoError(t, l.Close())
	cancel()
	require.PanicsWithValue(t, "ipc: Request: nil callback", func() { _ = a.Request(ctx, 1, nil) })
	require.True(t, errors.Is(a.Request(ctx, 1, func(*ipc.Message, error) {}), ipc.ErrChannelClosed))
}
