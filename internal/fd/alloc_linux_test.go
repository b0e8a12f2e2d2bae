//go:build !race

package fd_test

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

func TestMessagesDoNotAllocate(t *testing.T) {
	a, b := openPair(t, fd.SocketPair)
	p, control, rights := make([]byte, 100), fd.NewControl(), unix.UnixRights(a, b)
	receive := func() error {
		_, n, _, err := fd.Recvmsg(b, p, control)
		fd.EachRight(control[:n], func(right int) { fd.Close(right) })
		return err
	}
	requireNoAllocs(t, func() error {
		_, err := fd.Send(a, p[:10])
		if err == nil {
			err = receive()
		}
		return err
	})
	requireNoAllocs(t, func() error {
		_, err := fd.Sendmsg(a, [][]byte{p[:10], p[10:20]}, rights)
		if err == nil {
			err = receive()
		}
		return err
	})
}

func TestSpliceDoesNotAllocate(t *testing.T) {
	r, in := openPair(t, fd.PipeNonblock)
	out, w := openPair(t, fd.PipeNonblock)
	p := make([]byte, 100)
	requireNoAllocs(t, func() error {
		_, err := fd.WriteNonblock(in, p)
		if err == nil {
			_, err = fd.Splice(r, w, len(p))
		}
		if err == nil {
			_, err = fd.ReadNonblock(out, p)
		}
		return err
	})
}

func TestCallsThatDoNotWaitDoNotAllocate(t *testing.T) {
	nowait(t)
	r, w := openPair(t, fd.Pipe)
	p := make([]byte, 100)
	requireNoAllocs(t, func() error {
		_, err := fd.WritevNowait(w, [][]byte{p[:10], p[10:20]})
		if err == nil {
			_, err = fd.ReadNowait(r, p)
		}
		return err
	})
}
