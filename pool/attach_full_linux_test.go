package pool_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

func init() { workers["full"] = fullWorker }

// A worker that has no descriptor left cannot receive a job that has one. The pool gets a NACK, and
// the job fails.
//
//brood:checks W072
func TestAJobWhoseDescriptorDoesNotArriveFails(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "full", Max: 1})
	p.OnError(func(err error) { t.Error(err) })
	ready(t, l, p, 1)
	plain := run(t, p, 1, nil)
	until(t, l, settled(plain))
	require.NoError(t, plain.err)
	lost := run(t, p, 2, &pool.RunOptions{Attach: []byte("x")})
	until(t, l, settled(lost))
	require.ErrorIs(t, lost.err, pool.ErrAttach)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer w.Close()
	defer r.Close()
	lost = run(t, p, 3, &pool.RunOptions{Handle: r})
	until(t, l, settled(lost))
	require.ErrorIs(t, lost.err, ipc.ErrHandleNotReceived)
	plain = run(t, p, 4, nil)
	until(t, l, settled(plain))
	require.Equal(t, 1, resultOf(plain).Worker.Number, "the worker lives")
	stop(t, l, p)
}

// fullWorker is a worker that has opened as many descriptors as it may.
func fullWorker(l *reactor.Loop, parent *ipc.Channel, _ []string) error {
	err := pool.Serve(l, parent, pool.Handlers{"": nothing})
	if err != nil {
		return err
	}
	// By the first message, the loop has all its descriptors.
	parent.OnMessage(func(*ipc.Message) {
		for first := true; ; first = false {
			fd, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
			if err != nil {
				return
			}
			if first {
				_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(fd) + 2, Max: uint64(fd) + 2})
			}
		}
	})
	return nil
}
