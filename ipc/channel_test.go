package ipc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

//brood:checks S065
func TestMessagesArriveEqualAndInOrder(t *testing.T) {
	values := []string{`null`, `true`, `5`, `-1.5`, `""`, `"a\nb"`, `"\u0000"`, "\"\u2028\"", `"😀"`, `[]`, `[1,"2",null]`, `{}`,
		`{"a":{"b":[{"c":null}]}}`}
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	var j, k journal
	j.watch(a)
	k.watch(b)
	for _, s := range values {
		require.NoError(t, a.Send(rawJSON(s)))
		require.NoError(t, b.Send(rawJSON(s)))
	}
	a.OnMessage(func(*ipc.Message) {
		if len(j.Entries) == len(values) {
			a.Disconnect()
		}
	})
	run(t, l)
	require.Equal(t, append(values, "disconnect"), j.Entries)
	require.Equal(t, append(values, "disconnect"), k.Entries)
}

func TestManyMessagesInOneTick(t *testing.T) {
	const n = 100_000
	l := newLoop(t)
	a, b := newPair(t, l, nil)
	got := 0
	b.OnMessage(func(m *ipc.Message) {
		var v struct{ N int }
		require.NoError(t, m.Decode(&v))
		require.Equal(t, got, v.N)
		got++
	})
	dones := 0
	for i := range n {
		require.NoError(t, a.SendWith(map[string]any{"n": i}, &ipc.SendOptions{Done: func(err error) {
			require.NoError(t, err)
			require.Equal(t, i, dones)
			dones++
		}}))
	}
	require.Zero(t, dones)
	a.Disconnect()
	run(t, l)
	require.Equal(t, n, got, fmt.Sprint("dones ", dones))
	require.Equal(t, n, dones)
}

func TestAChannelTellsItsSerialization(t *testing.T) {
	for _, s := range []ipc.Serialization{ipc.JSON, ipc.Advanced} {
		l := newLoop(t)
		a, b := newPair(t, l, &ipc.Options{Serialization: s})
		require.Equal(t, s, a.Serialization())
		a.Destroy()
		b.Destroy()
		run(t, l)
		require.Equal(t, s, a.Serialization())
	}
}
