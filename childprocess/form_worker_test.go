package childprocess_test

import (
	"errors"
	"maps"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

var errWorker = errors.New("the worker's own")

// testWorkers are the workers of this test binary. TestMain runs them before anything else.
var testWorkers = childprocess.Workers{
	"double": func(_ *reactor.Loop, parent *ipc.Channel, args []string) error {
		_, inherited := os.LookupEnv("BROOD_WORKER")
		if err := parent.Send([]any{os.Args[0], args, inherited}); err != nil {
			return err
		}
		parent.OnMessage(func(m *ipc.Message) {
			var n int
			if err := m.Decode(&n); err != nil {
				panic(err)
			}
			_ = parent.Send(2 * n) // The parent may be gone.
		})
		return nil
	},
	"failing": func(_ *reactor.Loop, parent *ipc.Channel, _ []string) error {
		parent.OnMessage(func(*ipc.Message) {})
		return errWorker
	},
}

// runWorkers runs the worker that this process was started as, if it is one.
func runWorkers() {
	if _, own := os.LookupEnv(generation); own {
		return
	}
	maps.Copy(testWorkers, workers)
	worker, err := testWorkers.Run()
	switch {
	case !worker:
	case errors.Is(err, errWorker):
		helperproc.Exit(4)
	case err != nil:
		fail(err)
	default:
		helperproc.Exit(0)
	}
}

func TestAProgramForksItselfAsAWorker(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.ForkSelf(l, "double", []string{"x", "-test.run=none"}, nil)
	require.NoError(t, err)
	ev := events(c).messages(t)
	require.NoError(t, c.Send(21))
	c.OnMessage(func(m *ipc.Message) {
		if string(m.Raw()) == "42" {
			c.Disconnect()
		}
	})
	run(t, l)
	require.Len(t, ev.Entries, 6, "%q", ev.Entries)
	require.Equal(t, `message ["`+os.Args[0]+`",["x","-test.run=none"],false]`, ev.Entries[1])
	require.Equal(t, "message 42", ev.Entries[2])
	require.Equal(t, "close 0", ev.last())
}

func TestAWorkersErrorEndsIt(t *testing.T) {
	for name, code := range map[string]int{"failing": 4, "unknown": 3} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, err := childprocess.ForkSelf(l, name, nil, &childprocess.ForkOptions{Silent: true})
			require.NoError(t, err)
			ev := events(c).reading()
			run(t, l)
			require.Equal(t, code, ev.status.Code)
			if name == "unknown" {
				require.Contains(t, string(ev.data[2]), `Workers.Run: worker "unknown" is unknown`)
			}
		})
	}
}

func TestForkSelfRefusesAnotherProgram(t *testing.T) {
	l := newLoop(t)
	for _, o := range []childprocess.ForkOptions{{ExecPath: "node"}, {ExecArgv: []string{"x"}}} {
		_, err := childprocess.ForkSelf(l, "double", nil, &o)
		require.EqualError(t, err, "fork: ExecPath is not for ForkSelf")
	}
	_, err := childprocess.ForkSelf(l, "", nil, nil)
	require.EqualError(t, err, "fork: name is empty")
	_, err = childprocess.ForkSelf(l, "a\x00b", nil, nil)
	require.EqualError(t, err, "fork: name contains a NUL byte")
}
