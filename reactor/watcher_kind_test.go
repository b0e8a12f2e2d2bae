package reactor_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/fdtest"
	"github.com/brood-go/brood/reactor"
)

// unpollable returns one descriptor of each kind that no poller takes.
func unpollable(t *testing.T) map[string]*descriptor {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o600))
	return map[string]*descriptor{
		"regular file": fdtest.Open(t, path),
		"directory":    fdtest.Open(t, filepath.Dir(path)),
		"/dev/null":    fdtest.Open(t, os.DevNull),
	}
}

//brood:checks S077
func TestAnUnpollableDescriptorIsAlwaysReadyOnceATurn(t *testing.T) {
	for name, d := range unpollable(t) {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			var got []reactor.Readiness
			w := watch(t, l, d.FD, reactor.Readable, func(r reactor.Readiness) { got = append(got, r) })
			require.True(t, poll(t, l), "it keeps Run alive")
			require.True(t, poll(t, l))
			require.NoError(t, w.Set(reactor.Readable|reactor.Writable))
			poll(t, l)
			require.NoError(t, w.Set(reactor.Writable))
			poll(t, l)
			require.Equal(t, []reactor.Readiness{
				reactor.Readable, reactor.Readable, reactor.Readable | reactor.Writable, reactor.Writable,
			}, got)
			require.NoError(t, w.Set(0))
			require.False(t, poll(t, l), "idle")
			require.NoError(t, w.Set(reactor.Readable))
			w.Unref()
			require.False(t, poll(t, l), "unref'd")
			w.Ref()
			w.Close()
			require.False(t, poll(t, l), "closed")
			require.Len(t, got, 5)
		})
	}
}

//brood:checks S077
func TestAlwaysReadyWatchersOfOneTurnDoNotStepOnEachOther(t *testing.T) {
	l := newLoop(t)
	var watchers []*reactor.Watcher
	calls := make([]int, 4)
	for i := range calls {
		watchers = append(watchers, watch(t, l, fdtest.Open(t, os.DevNull).FD, reactor.Readable, func(reactor.Readiness) {
			calls[i]++
			switch i {
			case 0:
				watchers[1].Close() // Due in this turn.
			case 2:
				watchers[2].Close() // Itself.
			}
		}))
	}
	poll(t, l)
	poll(t, l)
	require.Equal(t, []int{2, 0, 1, 2}, calls)
	watchers[0].Close()
	watchers[3].Close()
}

// TestAFileIsReadToItsEndByItsWatcher: because files are always ready, stdin needs one code path
// only.
//
//brood:checks S077
func TestAFileIsReadToItsEndByItsWatcher(t *testing.T) {
	l := newLoop(t)
	file := unpollable(t)["regular file"]
	var j journal
	var w *reactor.Watcher
	w = watch(t, l, file.FD, reactor.Readable, func(reactor.Readiness) {
		s := file.ReadString()
		j.Add("read:" + s)
		if s == "" {
			w.Close()
		}
	})
	run(t, l)
	j.Wants(t, "read:content read:")
}

func TestAFileWatchedForAHangupThatCannotComeDoesNotSpin(t *testing.T) {
	l := newLoop(t)
	w := watch(t, l, fdtest.Open(t, os.DevNull).FD, reactor.Hangup, func(got reactor.Readiness) { t.Errorf("told %v", got) })
	l.SetTimeout(20_000_000, w.Close)
	run(t, l)
	require.LessOrEqual(t, l.Stats().Turns, uint64(4), "one sleep, with allowance for interruptions")
}
