package ipc_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// is accepts the message that is the number n.
func is(n int) func(*ipc.Message) bool {
	return func(m *ipc.Message) bool { return string(m.Raw()) == strconv.Itoa(n) }
}

func TestS073_EachWaiterIsServedOnce(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var got []string
	wait := func(name string, n int) {
		a.Await(is(n), func(m *ipc.Message, err error) {
			require.NoError(t, err)
			require.Equal(t, strconv.Itoa(n), string(m.Raw()))
			got = append(got, fmt.Sprint(name, n))
		})
	}
	wait("a", 1)
	wait("b", 2)
	wait("c", 1) // Both who wait for 1 get it.
	a.Await(nil, func(m *ipc.Message, err error) {
		require.NoError(t, err)
		got = append(got, "any "+string(m.Raw()))
	})
	cancel := a.Await(is(1), func(*ipc.Message, error) { require.Fail(t, "cancelled") })
	cancel()
	cancel()
	for _, n := range []int{3, 2, 1, 1, 2} {
		require.NoError(t, b.Send(n))
	}
	b.Disconnect()
	require.Empty(t, got, "inside the call")
	run(t, l)
	require.Equal(t, []string{"any 3", "b2", "a1", "c1"}, got)
}

func TestS073_AWaiterThatIsCancelledByAnotherIsNotCalled(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var cancel func()
	a.Await(is(1), func(*ipc.Message, error) { cancel() })
	cancel = a.Await(is(1), func(*ipc.Message, error) { require.Fail(t, "cancelled") })
	require.NoError(t, b.Send(1))
	b.Disconnect()
	run(t, l)
}

func TestS073_TheEndOfTheChannelIsAnErrorForEveryWaiter(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	errs := 0
	wait := func() {
		a.Await(is(1), func(m *ipc.Message, err error) {
			require.Nil(t, m)
			require.ErrorIs(t, err, ipc.ErrChannelClosed)
			errs++
		})
	}
	wait()
	wait()
	require.NoError(t, b.Send(2)) // Answers something else, and goes.
	b.Disconnect()
	a.OnDisconnect(func() {
		l.SetImmediate(func() {
			wait() // Later than all events.
			cancel := a.Await(nil, func(*ipc.Message, error) { require.Fail(t, "cancelled") })
			cancel()
		})
	})
	run(t, l)
	require.Equal(t, 3, errs)
}

func TestS073_AWaiterThatPanicsAtTheEndIsAlone(t *testing.T) {
	panics := 0
	l := newLoopWith(t, reactor.Options{OnPanic: func(any, []byte) { panics++ }})
	c, p := newChannel(t, l, nil)
	const n = 3
	for range n {
		c.Await(nil, func(_ *ipc.Message, err error) { panic(err) })
	}
	p.close()
	run(t, l)
	require.Equal(t, n, panics)
}

func TestS073_AWaitThatIsOverLeavesNoListener(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	a.Await(nil, func(*ipc.Message, error) {})
	for n := range 3 {
		require.NoError(t, b.Send(n))
	}
	var rest []string
	l.SetImmediate(func() {
		// 1 and 2 wait, as they do while nobody listens.
		a.OnMessage(func(m *ipc.Message) { rest = append(rest, string(m.Raw())) })
		l.SetImmediate(b.Disconnect)
	})
	run(t, l)
	require.Equal(t, []string{"1", "2"}, rest)
}
