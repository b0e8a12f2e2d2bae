package ipc_test

import (
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
)

var advanced = &ipc.Options{Serialization: ipc.Advanced}

func unhex(t *testing.T, s string) string {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return string(b)
}

func TestAdvancedFramesAreNodes(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, advanced)
	require.NoError(t, c.Send("done"))
	require.NoError(t, c.Send([]any{true, "€"}))
	require.NoError(t, c.Send(map[string]string{"cmd": "NODE_HANDLE_ACK"}))
	got, _ := p.read()
	require.Equal(t, unhex(t, "00000008 ff0f 2204 646f6e65"+"0000000d ff0f 41 02 54 00 63 02 ac20 24 00 02"+
		"0000001b ff0f 6f 2203636d64 220f 4e4f44455f48414e444c455f41434b 7b01"), got)
	p.close()
	run(t, l)
}

//brood:checks N154
func TestAdvancedValuesOfBothKinds(t *testing.T) {
	l := newLoop(t)
	a, b := newPair(t, l, advanced)
	var got []any
	b.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		got = append(got, v)
		if big, ok := v.(*big.Int); ok {
			var n int
			require.NoError(t, m.Decode(&n))
			require.EqualValues(t, big.Int64(), n)
		}
	})
	values := []any{nil, true, 5, -1.5, "text", "€", []byte("bytes"), []any{1, "two"}, big.NewInt(7)}
	for _, v := range values {
		require.NoError(t, a.Send(v))
	}
	require.Error(t, a.Send(func() {}))
	a.Disconnect()
	run(t, l)
	require.Equal(t, values, got)
}

//brood:checks N156
func TestAdvancedFramesMaySplitAnywhere(t *testing.T) {
	frames := unhex(t, "00000008 ff0f 2204 646f6e65"+"00000003 ff0f 30")
	for at := range frames {
		l := newLoop(t)
		c, p := newChannel(t, l, advanced)
		var got []any
		c.OnMessage(func(m *ipc.Message) {
			v, err := m.Value()
			require.NoError(t, err)
			got = append(got, v)
		})
		p.send(frames[:at])
		poll(t, l)
		for _, b := range []byte(frames[at:]) {
			p.send(string([]byte{b}))
			poll(t, l)
		}
		p.close()
		run(t, l)
		require.Equal(t, []any{"done", nil}, got)
	}
}

func TestGarbageInAnAdvancedFrameLosesThatFrameOnly(t *testing.T) {
	for _, bad := range []string{"00000000", "00000001 ff", "00000003 ff1030", "00000004 ff0f2205", "00000002 0000"} {
		l := newLoop(t)
		c, p := newChannel(t, l, advanced)
		var j journal
		c.OnMessage(func(m *ipc.Message) { j.Add("message") })
		c.OnError(func(err error) {
			var e *ipc.MessageError
			require.ErrorAs(t, err, &e)
			j.Add("error")
		})
		p.send(unhex(t, "00000003ff0f30"+bad+"00000003ff0f30"))
		p.close()
		run(t, l)
		require.Equal(t, []string{"message", "error", "message"}, j.Entries, bad)
	}
}

func TestAnAdvancedFrameOverMaxMessageIsSkipped(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{Serialization: ipc.Advanced, MaxMessage: 10})
	var j journal
	c.OnMessage(func(m *ipc.Message) { j.Add("message") })
	c.OnError(func(err error) { require.ErrorIs(t, err, ipc.ErrMessageTooLong); j.Add("error") })
	p.send(unhex(t, "00000003ff0f30 00001000"))
	for range 4096 {
		p.send("x")
		poll(t, l)
	}
	p.send(unhex(t, "00000003ff0f30 0000000b 0102030405060708090a0b 00000003ff0f30"))
	p.close()
	run(t, l)
	require.Equal(t, []string{"message", "error", "message", "error", "message"}, j.Entries)
}

func TestAdvancedInternalMessagesAndHandles(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	a, b := newPair(t, l, advanced)
	shared := map[string]any{"x": 1}
	var got []any
	b.OnMessage(func(m *ipc.Message) {
		v := map[string]any{}
		require.NoError(t, m.Decode(&v))
		got = append(got, v["n"])
		require.Equal(t, v["n"] == 2, m.Handle() != nil)
		if h := m.Handle(); h != nil {
			require.Equal(t, "net.Native", h.Type())
			require.NoError(t, h.Close())
			require.Equal(t, v["a"], v["b"], "references survive the unwrapping")
		}
	})
	require.NoError(t, a.Send(map[string]any{"cmd": "NODE_x", "n": 0}))
	require.NoError(t, a.Send(map[string]any{"n": 1}))
	require.NoError(t, a.SendWith(map[string]any{"n": 2, "a": shared, "b": shared}, &ipc.SendOptions{Handle: socketFile(t)}))
	require.NoError(t, a.Send(map[string]any{"n": 3, "cmd": "NODE_"}))
	a.Disconnect()
	run(t, l)
	require.Equal(t, []any{1, 2, 3}, got)
}
