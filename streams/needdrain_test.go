package streams_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// noDrain has the ways to end a stream whose NeedDrain is true, so that no drain will come. The
// queued bytes have no reader.
var noDrain = map[string]struct {
	end  func(l *reactor.Loop, w *streams.Writable, r *descriptor)
	want error // of a Write afterwards
}{
	"End":     {func(_ *reactor.Loop, w *streams.Writable, _ *descriptor) { w.End() }, streams.ErrWriteAfterEnd},
	"Destroy": {func(_ *reactor.Loop, w *streams.Writable, _ *descriptor) { w.Destroy(nil) }, streams.ErrClosed},
	"a write that fails": {func(l *reactor.Loop, w *streams.Writable, r *descriptor) {
		r.Close()
		for !w.Closed() {
			if _, err := l.Poll(0); err != nil {
				panic(err)
			}
		}
	}, streams.ErrClosed},
}

func eachNoDrain(t *testing.T, fn func(t *testing.T, l *reactor.Loop, w *streams.Writable, end func() error)) {
	for name, c := range noDrain {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			w, r, _ := fullPipe(t, l, &streams.WritableOptions{HighWaterMark: 100})
			write(t, w, make([]byte, 100))
			require.True(t, w.NeedDrain())
			fn(t, l, w, func() error { c.end(l, w, r); return c.want })
			w.Destroy(nil)
			run(t, l)
			require.False(t, w.NeedDrain())
		})
	}
}

func TestNeedDrainIsFalseWhereNoDrainWillCome(t *testing.T) {
	eachNoDrain(t, func(t *testing.T, l *reactor.Loop, w *streams.Writable, end func() error) {
		w.OnDrain(func() { require.Fail(t, "a drain") })
		want := end()
		require.False(t, w.NeedDrain())
		_, err := w.Write([]byte("x"))
		require.Equal(t, want, err)
		require.False(t, w.NeedDrain())
	})
}

func TestNeedDrainIsFalseAfterTheFirstWriteFails(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, &streams.WritableOptions{HighWaterMark: 1})
	r.Close()
	write(t, w, make([]byte, 1<<20))
	require.False(t, w.NeedDrain())
	run(t, l)
}

// A destination that has asked its pipe to wait and then takes no more does not block the source.
func TestPipeDoesNotWaitWhereNoDrainWillCome(t *testing.T) {
	for name, keep := range map[string]bool{"": false, " KeepSource": true} {
		eachNoDrain(t, func(t *testing.T, l *reactor.Loop, w *streams.Writable, end func() error) {
			r, in := readPipe(t, l, nil)
			var j journal
			r.Pipe(w, &streams.PipeOptions{KeepSource: keep})
			in.WriteString("x")
			poll(t, l)
			require.Zero(t, r.BytesRead(), name)
			end()
			if keep {
				j.data(r) // The source has another consumer.
				for len(j.Entries) == 0 {
					poll(t, l)
				}
				j.Wants(t, "data:x")
				r.Destroy(nil)
			}
			for !r.Closed() {
				poll(t, l)
			}
			_, err := unix.Write(in.FD, []byte("x"))
			require.Equal(t, unix.EPIPE, err)
		})
	}
}

// A goroutine that waits in the bridge gets the error at once, not when the queue is empty, which
// may be never.
func TestWriterDoesNotWaitWhereNoDrainWillCome(t *testing.T) {
	eachNoDrain(t, func(t *testing.T, l *reactor.Loop, w *streams.Writable, end func() error) {
		b := w.Writer()
		result := make(chan error)
		go func() {
			for {
				if _, err := b.Write(make([]byte, 60)); err != nil {
					result <- err
					return
				}
			}
		}()
		for streams.Pending(b) < 100 {
			poll(t, l)
		}
		want := end()
		for {
			select {
			case err := <-result:
				// The cause.
				require.True(t, errors.Is(err, want) || errors.Is(err, unix.EPIPE), "%v", err)
				return
			default:
				poll(t, l)
			}
		}
	})
}
