package streams_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

var errNeverOpened = errors.New("never opened")

// closedCauses are errors that a closed stream can be made with, and the errors that its users get.
var closedCauses = map[string]struct{ given, told error }{
	"without an error": {nil, streams.ErrClosed},
	"with an error":    {errNeverOpened, errNeverOpened},
}

func closedReadable(t testing.TB, l *reactor.Loop, err error) *streams.Readable {
	t.Helper()
	r, openErr := streams.NewClosedReadable(l, err)
	require.NoError(t, openErr)
	return r
}

func closedWritable(t testing.TB, l *reactor.Loop, err error) *streams.Writable {
	t.Helper()
	w, openErr := streams.NewClosedWritable(l, err)
	require.NoError(t, openErr)
	return w
}

func TestAStreamThatIsClosedFromTheBeginningOnlyCloses(t *testing.T) {
	for text, cause := range closedCauses {
		t.Run(text, func(t *testing.T) {
			l := newLoop(t)
			var j journal
			r, w := closedReadable(t, l, cause.given), closedWritable(t, l, cause.given)
			j.readableEvents(r)
			j.data(r)
			r.OnLine(func([]byte) { j.Add("line") })
			r.OnText(func(string) { j.Add("text") })
			j.writableEvents(w)
			require.True(t, r.Closed())
			require.True(t, w.Closed())
			require.Equal(t, []int{-1, -1}, []int{r.FD(), w.FD()})
			// None of these may touch a descriptor.
			r.Pause()
			r.Resume()
			r.Retain()
			r.Destroy(errOther)
			require.False(t, r.Backlog().Left())
			require.Equal(t, streams.ErrClosed, r.Unshift([]byte("x")))
			_, err := r.Lend()
			require.Equal(t, streams.ErrClosed, err)
			_, err = w.Lend()
			require.Equal(t, streams.ErrClosed, err)
			w.Ref()
			w.Unref()
			w.Hold()
			w.Release()
			w.End()
			w.Destroy(errOther)
			require.False(t, w.NeedDrain())
			j.Wants(t, "")
			run(t, l)
			j.Wants(t, "close close")
		})
	}
}

var errOther = errors.New("another")

func TestWritesToAClosedStreamAreRefused(t *testing.T) {
	l := newLoop(t)
	w := closedWritable(t, l, errNeverOpened)
	n, err := w.WriteString("x")
	require.Zero(t, n)
	require.Equal(t, streams.ErrClosed, err)
	_, err = w.WriteThen(nil, func(error) { t.Error("called") })
	require.Equal(t, streams.ErrClosed, err)
	run(t, l)
}

func TestGoroutinesGetTheErrorOfAClosedStream(t *testing.T) {
	for text, cause := range closedCauses {
		t.Run(text, func(t *testing.T) {
			l := newLoop(t)
			r, w := closedReadable(t, l, cause.given), closedWritable(t, l, cause.given)
			// The loop does not run: none of them waits for it.
			var got []error
			for line, err := range r.Lines() {
				require.Nil(t, line)
				got = append(got, err)
			}
			require.Equal(t, []error{cause.told}, got)
			_, err := io.ReadAll(r.Reader())
			require.Equal(t, cause.told, err)
			_, err = io.Copy(w.Writer(), strings.NewReader("x"))
			require.Equal(t, cause.told, err)
			require.Equal(t, cause.told, w.Writer().Close())
			run(t, l)
		})
	}
}

func TestCollectOfADestroyedStreamGetsItsError(t *testing.T) {
	l := newLoop(t)
	destroyed, _ := readPipe(t, l, nil)
	destroyed.Destroy(errNeverOpened)
	without, _ := readPipe(t, l, nil)
	without.Destroy(nil)
	for want, r := range map[error]*streams.Readable{errNeverOpened: destroyed, streams.ErrClosed: without} {
		calls := 0
		r.Collect(-1, func(data []byte, err error) {
			calls++
			require.Empty(t, data)
			require.Equal(t, want, err)
		})
		require.Zero(t, calls)
		run(t, l)
		require.Equal(t, 1, calls)
	}
	closedReadable(t, l, errNeverOpened).Collect(-1, func(_ []byte, err error) { require.Equal(t, errNeverOpened, err) })
	run(t, l)
}

func TestAPipeFromAClosedStreamIsNoCompleteOne(t *testing.T) {
	l := newLoop(t)
	var j journal
	failed, _ := writePipe(t, l, nil)
	ended, _ := writePipe(t, l, nil)
	closedReadable(t, l, errNeverOpened).Pipe(failed, nil)
	closedReadable(t, l, nil).Pipe(ended, nil)
	failed.OnError(func(err error) { j.Add(err.Error()) })
	failed.OnFinish(j.Note("finish"))
	ended.OnFinish(j.Note("ended"))
	run(t, l)
	require.ElementsMatch(t, []string{errNeverOpened.Error(), "ended"}, j.Entries)
}

func TestAPipeIntoAClosedStreamEndsItsSource(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	w.WriteString("nobody gets this")
	r.Pipe(closedWritable(t, l, errNeverOpened), nil)
	run(t, l) // Else the source would keep the loop alive, since w is open.
	require.True(t, r.Closed())
}

func TestAClosedStreamNeedsALoopThatIsOpen(t *testing.T) {
	l := newLoop(t)
	require.NoError(t, l.Close())
	for _, l := range []*reactor.Loop{nil, l} {
		_, err := streams.NewClosedReadable(l, nil)
		require.Error(t, err)
		_, writeErr := streams.NewClosedWritable(l, nil)
		require.Error(t, writeErr)
		if l != nil {
			require.ErrorIs(t, err, reactor.ErrClosed)
			require.ErrorIs(t, writeErr, reactor.ErrClosed)
		}
	}
}

func TestADuplexThatIsClosedFromTheBeginningIsTwoSuchStreams(t *testing.T) {
	l := newLoop(t)
	x, err := streams.NewClosedDuplex(l, errNeverOpened)
	require.NoError(t, err)
	require.Equal(t, []int{-1, -1, -1}, []int{x.FD(), x.Readable.FD(), x.Writable.FD()})
	var j journal
	j.readableEvents(x.Readable)
	j.writableEvents(x.Writable)
	x.Destroy(errOther)
	run(t, l)
	require.Equal(t, []string{"close", "close"}, j.Entries)
	require.NoError(t, l.Close())
	_, err = streams.NewClosedDuplex(l, nil)
	require.ErrorIs(t, err, reactor.ErrClosed)
}
