package cluster_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/ipc"
)

func init() {
	// full is two workers: the first has no descriptor left when it gets a connection; the second
	// answers.
	rawWorkers["full"] = func(r *raw) {
		first := os.Getenv("NODE_UNIQUE_ID") == "1"
		r.onAct(func(act string, in object, h *ipc.Handle) {
			switch {
			case act == "newconn":
				r.send(object{"ack": in["seq"], "accepted": true})
				conn, err := h.Conn()
				must(err)
				_, err = conn.Write([]byte(os.Getenv("NODE_UNIQUE_ID")))
				must(err)
				must(conn.Close())
			case in["ack"] != nil:
				for first {
					if _, err := unix.Open(os.DevNull, unix.O_RDONLY, 0); err != nil {
						break
					}
				}
				r.send(object{"act": "listening", "port": in["sockname"].(object)["port"]})
			}
		})
		r.query(0)
	}
}

//brood:checks W105
func TestAWorkerWithoutDescriptorsIsPassedOver(t *testing.T) {
	o := &cluster.Options{Self: "raw", Args: []string{"full"}, DisconnectTimeout: 1}
	f := newCluster(t, o)
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.asks(5, "tcp", local(f.ports[1]), func(answers []string) {
			require.Equal(t, []string{"2", "2", "2", "2", "2"}, answers)
			f.disconnect()
		})
	})
	f.run()
	require.Zero(t, f.cluster.Worker(1))
}

// refuseDescriptors makes this process unable to open descriptors, until restore is called.
func refuseDescriptors(t *testing.T) (restore func()) {
	t.Helper()
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	lowest, err := fd.Duplicate(0, 0)
	require.NoError(t, err)
	fd.Close(lowest)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(lowest), Max: before.Max}))
	return func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) }
}

func TestAcceptGoesOnWhenDescriptorsAreFreeAgain(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		conn := f.connect(1, f.ports[1])[0]
		restore := refuseDescriptors(t)
		f.cluster.OnError(func(err error) {
			restore()
			require.ErrorIs(t, err, syscall.EMFILE)
			e, ok := errors.AsType[*cluster.ListenError](err)
			require.True(t, ok)
			require.Equal(t, "accept", e.Op)
			f.client(func() error {
				s, err := answer(conn)
				if s != "1" {
					err = errors.Join(err, errors.New(s))
				}
				return err
			}, f.disconnect)
		})
	})
	f.run()
	require.Equal(t, 1, f.count("error"))
}
