package streams_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// written records the order of the callbacks of WriteThen.
func (j *journal) written(t testing.TB, w *streams.Writable, entry string, p []byte) {
	t.Helper()
	_, err := w.WriteThen(p, func(err error) {
		if err != nil {
			entry += ":" + name(err)
		}
		j.Add(entry)
	})
	require.NoError(t, err)
}

func TestWriteThenIsNeverInsideTheCall(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.written(t, w, "one", []byte("1"))
	j.written(t, w, "empty", nil)
	j.written(t, w, "two", []byte("2"))
	l.NextTick(j.Note("tick"))
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "one empty two tick")
	w.End()
	run(t, l)
	r.Close()
}

func TestWriteThenReportsWhenTheKernelHasTheBytes(t *testing.T) {
	l := newLoop(t)
	w, r, n := fullPipe(t, l, nil)
	var j journal
	j.written(t, w, "queued", []byte("q"))
	j.written(t, w, "empty", nil)
	j.written(t, w, "big", make([]byte, 4*n))
	j.written(t, w, "last", []byte("l"))
	j.written(t, w, "empty2", nil)
	poll(t, l)
	j.Wants(t, "")
	got, _ := r.ReadAll()
	require.Len(t, got, n)
	poll(t, l)
	j.Wants(t, "queued empty") // The big one has begun.
	got, _ = drainUntilIdle(t, l, r)
	require.Len(t, got, 1+4*n+1)
	j.Wants(t, "big last empty2")
	w.End()
	run(t, l)
}

func TestWriteThenGetsTheErrorInOrder(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	j.written(t, w, "taken", []byte("x"))
	fillStream(t, w)
	j.written(t, w, "queued", []byte("x"))
	j.written(t, w, "empty", nil)
	r.Close()
	run(t, l)
	j.Wants(t, "taken queued:EPIPE empty:EPIPE error:EPIPE close")
}

func TestWriteThenOfTheWriteThatFails(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	r.Close()
	j.written(t, w, "failed", []byte("x"))
	j.Wants(t, "")
	run(t, l)
	j.Wants(t, "failed:EPIPE error:EPIPE close")
}

func TestWriteThenAndDestroy(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"with an error": {errTest, "taken queued:test empty:test error:test close"},
		"without":       {nil, "taken queued:brood:-closed empty:brood:-closed close"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			w, r := writePipe(t, l, nil)
			var j journal
			j.writableEvents(w)
			j.written(t, w, "taken", []byte("x"))
			fillStream(t, w)
			j.written(t, w, "queued", []byte("x"))
			j.written(t, w, "empty", nil)
			w.Destroy(c.err)
			run(t, l)
			j.Wants(t, c.want)
			r.Close()
		})
	}
}

func TestWriteThenComesBeforeFinish(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	var j journal
	j.writableEvents(w)
	j.written(t, w, "one", []byte("x"))
	j.written(t, w, "empty", nil)
	w.End()
	run(t, l)
	j.Wants(t, "one empty finish close")
	r.Close()
}

func TestWriteThenInsideItsCallback(t *testing.T) {
	l := newLoop(t)
	w, r := writePipe(t, l, nil)
	n := 0
	var again func(error)
	again = func(err error) {
		require.NoError(t, err)
		if n++; n == 100 {
			w.End()
			return
		}
		_, err = w.WriteThen([]byte{byte(n)}, again)
		require.NoError(t, err)
	}
	again(nil)
	run(t, l)
	require.Equal(t, 100, n)
	got, end := r.ReadAll()
	require.True(t, end)
	require.Len(t, got, 99)
}
