package reactor_test

import (
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
)

// closerFunc is a function as an io.Closer.
type closerFunc func() error

func (f closerFunc) Close() error { return f() }

// localKey is a key as a package would use: of a type of its own.
type localKey struct{ n int }

func TestLocalIsMadeOncePerKeyAndLoop(t *testing.T) {
	a, b := newLoop(t), newLoop(t)
	made := 0
	local := func(l *reactor.Loop, key any) *int {
		c, err := l.Local(key, func() (io.Closer, error) {
			made++
			return &counter{n: made}, nil
		})
		require.NoError(t, err)
		return &c.(*counter).n
	}
	require.Same(t, local(a, localKey{1}), local(a, localKey{1}))
	require.NotSame(t, local(a, localKey{1}), local(a, localKey{2}))
	require.NotSame(t, local(a, localKey{1}), local(b, localKey{1}), "two loops never meet")
	require.NotSame(t, local(a, localKey{1}), local(a, 1), "nor do keys of two types")
	require.Equal(t, 4, made)
}

type counter struct{ n int }

func (*counter) Close() error { return nil }

func TestLocalsAreClosedWithTheLoopInReverseOrder(t *testing.T) {
	l := newLoop(t)
	var j journal
	for _, name := range []string{"a", "b", "c"} {
		_, err := l.Local(name, func() (io.Closer, error) {
			if name == "b" { // One that needs another, which is made first and closed last.
				_, err := l.Local("below-b", func() (io.Closer, error) {
					return closerFunc(func() error { j.Add("below-b"); return nil }), nil
				})
				require.NoError(t, err)
			}
			return closerFunc(func() error { j.Add(name); return nil }), nil
		})
		require.NoError(t, err)
	}
	require.Empty(t, j.Entries)
	require.False(t, l.Alive(), "they do not keep the loop alive")
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	j.Wants(t, "c b below-b a")
}

func TestAnErrorOfALocalsCloseIsReportedAndTheOthersAreClosed(t *testing.T) {
	l := newLoop(t)
	first, second := errors.New("first"), errors.New("second")
	closed := 0
	for i, err := range []error{nil, second, first, nil} {
		_, makeErr := l.Local(i, func() (io.Closer, error) {
			return closerFunc(func() error { closed++; return err }), nil
		})
		require.NoError(t, makeErr)
	}
	require.ErrorIs(t, l.Close(), first)
	require.Equal(t, 4, closed)
	require.NoError(t, l.Close(), "it is closed")
}

func TestLocalThatCannotBeMadeIsNotKept(t *testing.T) {
	l := newLoop(t)
	refused := errors.New("refused")
	c, err := l.Local("key", func() (io.Closer, error) { return nil, refused })
	require.ErrorIs(t, err, refused)
	require.Nil(t, c)
	want := &counter{}
	c, err = l.Local("key", func() (io.Closer, error) { return want, nil })
	require.NoError(t, err)
	require.Same(t, want, c)
}

func TestALocalsCloseMayUseWhatIsStillOpen(t *testing.T) {
	l := newLoop(t)
	r, _ := pipe(t)
	closed := false
	_, err := l.Local("key", func() (io.Closer, error) {
		w := watch(t, l, r.FD, reactor.Readable, func(reactor.Readiness) {})
		w.Unref()
		return closerFunc(func() error {
			w.Close()
			require.ErrorIs(t, l.Post(func() {}), reactor.ErrClosed)
			_, err := l.Local("another", func() (io.Closer, error) { return &counter{}, nil })
			require.ErrorIs(t, err, reactor.ErrClosed)
			closed = true
			return nil
		}), nil
	})
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.True(t, closed)
}
