package cluster_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/cluster"
)

// byPort chooses the worker by the client's port, as a sticky Pick does by the client's address.
func byPort(i *cluster.Incoming) *cluster.Worker {
	return i.Workers[int(i.Remote.Port())%len(i.Workers)]
}

//brood:checks W111
func TestPickChoosesTheWorker(t *testing.T) {
	o := nodeOptions(t, echo)
	picked := 0
	o.Pick = func(i *cluster.Incoming) *cluster.Worker {
		picked++
		require.True(t, i.Remote.Addr().IsLoopback())
		require.NotEmpty(t, i.Listener)
		require.True(t, slices.IsSortedFunc(i.Workers, func(a, b *cluster.Worker) int { return a.ID() - b.ID() }))
		return byPort(i)
	}
	f := newCluster(t, o)
	f.fork(3)
	const n = 30
	f.when(f.saw("listening", 3), func() {
		f.client(func() error {
			for range n {
				conn, err := dial("tcp", local(f.ports[1]))
				if err != nil {
					return err
				}
				want := fmt.Sprint(conn.LocalAddr().(*net.TCPAddr).Port%3 + 1)
				if s, err := answer(conn); err != nil || s != want {
					return errors.Join(err, fmt.Errorf("worker %q, and not %q", s, want))
				}
			}
			return nil
		}, f.disconnect)
	})
	f.run()
	require.Equal(t, n, picked)
}

//brood:checks W111
func TestAConnectionThatPickDoesNotAssignGoesToTheNextInTurn(t *testing.T) {
	o := nodeOptions(t, echo)
	var dead *cluster.Worker
	o.Pick = func(*cluster.Incoming) *cluster.Worker { return dead }
	f := newCluster(t, o)
	f.fork(2)
	dead = f.cluster.Worker(1)
	f.when(f.saw("listening", 2), func() {
		_, err := dead.Kill(syscall.SIGKILL)
		require.NoError(t, err)
	})
	f.when(f.saw("exit 1", 1), func() {
		f.asks(2, "tcp", local(f.ports[2]), func(answers []string) {
			require.Equal(t, []string{"2", "2"}, answers)
			dead = nil
			f.asks(1, "tcp", local(f.ports[2]), func([]string) { f.disconnect() })
		})
	})
	f.run()
}

// Clients of a worker that hangs wait for it, and do not hold up other clients. If it dies, another
// worker answers them.
//
//brood:checks W111
func TestClientsOfAWorkerThatHangsDoNotHoldUpOthers(t *testing.T) {
	o := nodeOptions(t, echo)
	o.MaxPending, o.Pick = 8, func(i *cluster.Incoming) *cluster.Worker { return i.Workers[0] }
	f := newCluster(t, o)
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.stop(1)
		conns := f.connect(20, f.ports[1]) // Pick chooses the first worker for all of them.
		f.client(func() error {
			// One is assigned to it and four wait for it; the rest goes to the other worker.
			for _, c := range conns[5:] {
				if s, err := answer(c); err != nil || s != "2" {
					return errors.Join(err, fmt.Errorf("answer %q", s))
				}
			}
			return nil
		}, func() {
			_, err := f.cluster.Worker(1).Kill(syscall.SIGKILL)
			require.NoError(t, err)
			f.client(func() error {
				for _, c := range conns[:5] {
					if s, err := answer(c); err != nil || s != "2" {
						return errors.Join(err, fmt.Errorf("answer %q", s))
					}
				}
				return nil
			}, f.disconnect)
		})
	})
	f.run()
}
