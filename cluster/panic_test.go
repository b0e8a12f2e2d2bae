package cluster_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/looptest"
)

// If Pick panics, the next worker in turn answers, also during a disconnect. The panic is handled
// like that of a callback.
//
//brood:checks W111
func TestAPickThatPanicsLosesNoConnection(t *testing.T) {
	for _, guarded := range []bool{true, false} {
		t.Run(fmt.Sprint("OnPanic ", guarded), func(t *testing.T) {
			const n = 3
			panics := 0
			options := looptest.Options()
			if guarded {
				options.OnPanic = func(v any, _ []byte) {
					require.Equal(t, "pick", v)
					panics++
				}
			}
			o := nodeOptions(t, echo)
			o.Pick = func(*cluster.Incoming) *cluster.Worker { panic("pick") }
			f := newClusterOn(looptest.NewWith(t, *options), t, o)
			f.fork(2)
			f.when(f.saw("listening", 2), func() {
				f.asks(n, "tcp", local(f.ports[1]), func(answers []string) {
					require.Len(t, answers, n)
					conn := f.connect(1, f.ports[1])[0]
					f.disconnect() // The connection is in the backlog.
					f.client(func() error {
						s, err := answer(conn)
						answers = append(answers, s)
						return err
					}, func() { require.NotEmpty(t, answers[n]) })
				})
			})
			for f.loop.Alive() {
				func() {
					defer func() {
						if v := recover(); v != nil {
							require.False(t, guarded)
							require.Equal(t, "pick", v)
							panics++
						}
					}()
					f.run()
				}()
			}
			require.Equal(t, n+1, panics)
			require.Equal(t, 2, f.count("exit"))
		})
	}
}

// Without Options.OnPanic a panic ends Run. Run may be called again, and then delivers all later
// events.
func TestAPanicOfAListenerLosesNoEvent(t *testing.T) {
	for _, event := range []string{"fork", "online", "listening", "disconnect", "exit"} {
		t.Run(event, func(t *testing.T) {
			f := newCluster(t, nodeOptions(t, echo))
			once := true
			boom := func() {
				if once {
					once = false
					panic("boom")
				}
			}
			switch c := f.cluster; event {
			case "fork":
				c.OnFork(func(*cluster.Worker) { boom() })
			case "online":
				c.OnOnline(func(*cluster.Worker) { boom() })
			case "listening":
				c.OnListening(func(*cluster.Listening) { boom() })
			case "disconnect":
				c.OnDisconnect(func(*cluster.Worker) { boom() })
			case "exit":
				c.OnExit(func(*cluster.Exit) { boom() })
			}
			f.fork(1)
			done := false
			f.when(f.saw("listening 1", 1), func() { f.cluster.Disconnect(func() { done = true }) })
			require.PanicsWithValue(t, "boom", f.run)
			f.run()
			require.True(t, done)
			require.Equal(t, []string{"fork", "online", "listening", "disconnect", "exit exit status 0 true"}, f.eventsOf(1))
		})
	}
}
