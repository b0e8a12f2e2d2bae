package ipc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/ipc/v8"
)

// nest returns arrays in each other, and a function that counts them in a message.
func nest(levels int) any {
	var v any = []any{}
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

func levelsOf(t *testing.T, v any) int {
	t.Helper()
	for n := 1; ; n++ {
		list, ok := v.([]any)
		require.True(t, ok, "%T", v)
		if len(list) == 0 {
			return n
		}
		v = list[0]
	}
}

// The limits are those of packages nodejson and v8, with a handle as without.
func TestAMessageIsNestedAsDeepWithAHandleAsWithout(t *testing.T) {
	for mode, limit := range map[ipc.Serialization]int{ipc.JSON: 10_000, ipc.Advanced: v8.MaxWriteDepth + 1} {
		t.Run(mode.String(), func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			a, b := newPair(t, l, &ipc.Options{Serialization: mode})
			b.OnError(func(err error) { require.NoError(t, err) })
			var got []string
			b.OnMessage(func(m *ipc.Message) {
				v, err := m.Value()
				require.NoError(t, err)
				got = append(got, fmt.Sprint(levelsOf(t, v), " ", m.Handle() != nil))
				if h := m.Handle(); h != nil {
					require.NoError(t, h.Close())
				}
				require.NotEmpty(t, m.Raw())
			})
			for _, levels := range []int{limit, limit + 1} {
				for _, o := range []*ipc.SendOptions{{}, {Handle: socketFile(t)}} {
					err := a.SendWith(nest(levels), o)
					require.Equal(t, levels > limit, err != nil, "%d: %v", levels, err)
				}
			}
			a.Disconnect()
			run(t, l)
			require.Equal(t, []string{fmt.Sprint(limit, " false"), fmt.Sprint(limit, " true")}, got)
		})
	}
}

// As deep as this process reads, which is deeper than it writes.
func TestADeepMessageWithAHandleIsRead(t *testing.T) {
	deepJSON := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	payload, err := v8.AppendDepth(nil, nest(v8.MaxReadDepth+1), v8.MaxReadDepth)
	require.NoError(t, err)
	object := new(v8.Object)
	object.Set("cmd", "NODE_HANDLE")
	object.Set("type", "net.Socket")
	object.Set("msg", nest(v8.MaxReadDepth+1))
	again := new(v8.Object) // As Node sends a frame again.
	again.Set("cmd", "NODE_HANDLE")
	again.Set("type", "net.Socket")
	again.Set("msg", object)
	frame := func(p []byte) string {
		return string([]byte{0, byte(len(p) >> 16), byte(len(p) >> 8), byte(len(p))}) + string(p)
	}
	envelope := func(o *v8.Object) string {
		p, err := v8.AppendDepth(nil, o, v8.MaxReadDepth+2)
		require.NoError(t, err)
		return frame(p)
	}
	for _, c := range []struct {
		name    string
		mode    ipc.Serialization
		message string
		handles bool
	}{
		{"json", ipc.JSON, deepJSON + "\n", false},
		{"json with a handle", ipc.JSON, handleFrame("net.Socket", deepJSON), true},
		{"json with a handle that was sent again", ipc.JSON,
			handleFrame("net.Socket", strings.TrimSpace(handleFrame("net.Socket", deepJSON))), true},
		{"advanced", ipc.Advanced, frame(payload), false},
		{"advanced with a handle", ipc.Advanced, envelope(object), true},
		{"advanced with a handle that was sent again", ipc.Advanced, envelope(again), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			leakcheck.NoNewFDs(t)
			l := newLoop(t)
			ch, p := newChannel(t, l, &ipc.Options{Serialization: c.mode})
			ch.OnError(func(err error) { require.NoError(t, err) })
			got := 0
			ch.OnMessage(func(m *ipc.Message) {
				got++
				require.Equal(t, c.handles, m.Handle() != nil)
				if c.handles {
					require.NoError(t, m.Handle().Close())
				}
				require.NotNil(t, m.Raw())
				v, err := m.Value()
				require.NoError(t, err)
				require.GreaterOrEqual(t, levelsOf(t, v), 10_000)
			})
			if c.handles {
				p.send(c.message, fdSaying(t, "a"))
			} else {
				p.send(c.message)
			}
			poll(t, l)
			p.close()
			run(t, l)
			require.Equal(t, 1, got)
		})
	}
}

// Only the envelope of a handle may have more levels.
func TestTooDeepNestingIsAnError(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, text := range map[string]string{
		"array":    "[" + deep + "]",
		"object":   `{"a":` + deep + `}`,
		"internal": `{"cmd":"NODE_x","a":` + deep + `}`,
		"handle":   `{"cmd":"NODE_HANDLE","type":"net.Socket","msg":[` + deep + `]}`,
	} {
		leakcheck.NoNewFDs(t)
		l := newLoop(t)
		c, p := newChannel(t, l, nil)
		errs := 0
		c.OnError(func(error) { errs++ })
		c.OnMessage(func(*ipc.Message) { require.Fail(t, name) })
		p.send(text+"\n", fdSaying(t, "a"))
		poll(t, l)
		p.close()
		run(t, l)
		require.Equal(t, 1, errs, name)
	}
}

// A value that can be read but not written, an error in its own cause, comes with a handle as
// without.
func TestAnAdvancedMessageWithAHandleNeedNotBeWritten(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	c, p := newChannel(t, l, advanced)
	j := new(journal)
	c.OnError(func(err error) { require.NoError(t, err) })
	c.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		e := v.(*v8.Error)
		require.Same(t, e, e.Cause)
		require.Nil(t, m.Raw())
		require.NoError(t, m.Handle().Close())
		j.Add("message")
	})
	payload := "ff0f 6f 2203636d64 220b4e4f44455f48414e444c45 220474797065 220a6e65742e536f636b6574" +
		"22036d7367 72 63 5e01 2e 7b03"
	s := unhex(t, payload)
	p.send(unhex(t, "000000")+string(rune(len(s)))+s, fdSaying(t, "a"))
	poll(t, l)
	p.close()
	run(t, l)
	require.Equal(t, []string{"message"}, j.Entries)
}

// There is no listener at first, so the message is decoded again from its kept bytes.
func TestAnAdvancedMessageWithAHandleWaits(t *testing.T) {
	leakcheck.NoNewFDs(t)
	l := newLoop(t)
	a, b := newPair(t, l, advanced)
	shared := map[string]any{"x": 1}
	require.NoError(t, a.SendWith(map[string]any{"a": shared, "b": shared}, &ipc.SendOptions{Handle: socketFile(t)}))
	require.NoError(t, a.Send(nil))
	until(t, l, func() bool { return b.Waiting() > 0 })
	poll(t, l)
	got := 0
	b.OnMessage(func(m *ipc.Message) {
		if m.Handle() == nil {
			return
		}
		got++
		require.NoError(t, m.Handle().Close())
		var v struct{ A, B *struct{ X int } }
		require.NoError(t, m.Decode(&v))
		require.Same(t, v.A, v.B)
		require.Equal(t, 1, v.A.X)
		again, err := v8.Value(m.Raw())
		require.NoError(t, err)
		value, err := m.Value()
		require.NoError(t, err)
		require.Equal(t, value, again)
	})
	a.Disconnect()
	run(t, l)
	require.Equal(t, 1, got)
}

// The views that Node 20 does not know are written by hand, in the process of a real Node.
func TestViewsThatThisNodeDoesNotKnowDoNotCostTheMessage(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, advanced, `
		const fs = require('fs');
		const frame = hex => { const p = Buffer.from(hex, 'hex'), n = Buffer.alloc(4); n.writeUInt32BE(p.length); fs.writeSync(3, Buffer.concat([n, p])); };
		frame('ff0f410222016b5c000d06003c00c1017c240002');
		frame('ff0f5c000e03010203');
		frame('ff0f5c00ffffffff0f00');
		process.send('behind');`)
	node.channel.OnError(func(err error) { require.NoError(t, err) })
	var got []any
	node.channel.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		got = append(got, v)
		if len(got) == 4 {
			node.channel.Disconnect()
		}
	})
	run(t, l)
	node.wait()
	half := v8.Float16Array{v8.ToFloat16(1), v8.ToFloat16(-2.5), 0x7C01}
	require.Equal(t, []any{[]any{"k", half}, &v8.UnknownView{Type: 14, Data: []byte{1, 2, 3}},
		&v8.UnknownView{Type: 1<<32 - 1, Data: []byte{}}, "behind"}, got)
}
