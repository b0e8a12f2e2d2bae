package ipc_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/ipc/v8"
)

// echoScript sends everything back until the parent disconnects.
const echoScript = `process.on('message', m => process.send(m));`

//brood:checks S065
func TestTenThousandMessagesEachWayWithANodeChild(t *testing.T) {
	const n = 10_000
	l := newLoop(t)
	node := startNode(t, l, nil, `
		let n = 0;
		process.on('message', m => {
			if (m.n !== n++) throw new Error('out of order: ' + m.n);
			if (n === 10000) for (let i = 0; i < 10000; i++) process.send({n: i, echo: true});
		});`)
	got := 0
	node.channel.OnMessage(func(m *ipc.Message) {
		var v struct {
			N    int
			Echo bool
		}
		require.NoError(t, m.Decode(&v))
		require.Equal(t, got, v.N)
		require.True(t, v.Echo)
		if got++; got == n {
			node.channel.Disconnect()
		}
	})
	for i := range n {
		require.NoError(t, node.channel.Send(map[string]int{"n": i}))
	}
	run(t, l)
	node.wait()
	require.Equal(t, n, got)
}

//brood:checks N153 S065
func TestValuesSurviveTheTripThroughNode(t *testing.T) {
	values := []string{`null`, `true`, `false`, `5`, `-1.5`, `1e+21`, `""`, `"a\nb\u0000\t\"\\"`, "\"\u2028\u2029\"", `"<&>"`, `"😀"`,
		`"\ud83d"`, `"\udc00x"`, `[]`, `[1,"2",null,[[]]]`, `{}`, `{"b":1,"a":{"c":[{}]}}`, `{"cmd":"fooNODE_"}`,
		`"` + strings.Repeat("é", 400_000) + `"`}
	l := newLoop(t)
	node := startNode(t, l, nil, echoScript)
	var got []string
	node.channel.OnMessage(func(m *ipc.Message) {
		got = append(got, string(m.Raw()))
		if len(got) == len(values) {
			node.channel.Disconnect()
		}
	})
	for _, s := range values {
		require.NoError(t, node.channel.Send(rawJSON(s)))
	}
	run(t, l)
	node.wait()
	for i := range values {
		require.True(t, values[i] == got[i], "%.60q became %.60q", values[i], got[i])
	}
}

func TestSixteenMebibytesThroughANodeChild(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, echoScript)
	big := strings.Repeat("0123456789abcdef", 1<<20)
	done := false
	node.channel.OnMessage(func(m *ipc.Message) {
		var s string
		require.NoError(t, m.Decode(&s))
		require.True(t, s == big)
		done = true
		node.channel.Disconnect()
	})
	require.NoError(t, node.channel.Send(big))
	run(t, l)
	node.wait()
	require.True(t, done)
}

//brood:checks N146
func TestANodeChildThatDisconnects(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.send('last'); process.send({cmd: 'NODE_x'}); process.disconnect();`)
	var j journal
	j.watch(node.channel)
	run(t, l)
	node.wait()
	require.Equal(t, []string{`"last"`, "disconnect"}, j.Entries)
}

//brood:checks N139
func TestANodeChildSeesOurDisconnect(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.on('disconnect', () => console.log('connected', process.connected));
		process.on('message', m => console.log(m));`)
	require.NoError(t, node.channel.Send("one"))
	require.NoError(t, node.channel.Send("two"))
	node.channel.Disconnect()
	run(t, l)
	require.Equal(t, "one\ntwo\nconnected false\n", node.wait())
}

func TestANodeChildThatDiesInTheMiddleOfAMessage(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.send('whole'); require('fs').writeSync(3, '{"half":'); process.kill(process.pid, 'SIGKILL');`)
	var j journal
	j.watch(node.channel)
	run(t, l)
	require.Error(t, node.cmd.Wait())
	require.Equal(t, []string{`"whole"`, "disconnect"}, j.Entries)
}

//brood:checks N149
func TestSendingToANodeChildThatHasGone(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, ``) // An idle child without listeners ends by itself.
	run(t, l)
	node.wait()
	require.ErrorIs(t, node.channel.Send(1), ipc.ErrChannelClosed)
}

func TestANodeChildAcknowledgesAConnection(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, nil, `process.on('message', (m, h) => { process.send({m, handle: h && h.constructor.name}); if (h) h.destroy(); });`)
	conn, _ := newConn(t)
	var j journal
	node.channel.OnMessage(func(m *ipc.Message) {
		j.Add(string(m.Raw()))
		if len(j.Entries) == 3 {
			node.channel.Disconnect()
		}
	})
	require.NoError(t, node.channel.Send("before"))
	require.NoError(t, node.channel.SendWith("with", &ipc.SendOptions{Handle: conn}))
	require.NoError(t, node.channel.Send("behind"))
	run(t, l)
	node.wait()
	require.Equal(t, []string{`{"m":"before"}`, `{"m":"with","handle":"Socket"}`, `{"m":"behind"}`}, j.Entries)
}

//brood:checks N154
func TestAdvancedValuesSurviveTheTripThroughNode(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, advanced, echoScript)
	object := new(v8.Object)
	object.Set("b", 1)
	object.Set("a", "é€😀")
	values := []any{nil, []any{v8.Undefined}, true, 5, 1 << 40, -1.5, "", "text", "€", []byte("bytes"), []any{1, "two", nil}, object,
		[]any{new(big.Int).Lsh(big.NewInt(-1), 70)}, strings.Repeat("x", 1<<20), v8.Float64Array{1, 2.5}}
	var got []any
	node.channel.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		got = append(got, v)
		if len(got) == len(values) {
			node.channel.Disconnect()
		}
	})
	for _, v := range values {
		require.NoError(t, node.channel.Send(v))
	}
	run(t, l)
	node.wait()
	for i, want := range values {
		if n, ok := want.(int); ok {
			require.EqualValues(t, n, got[i])
			continue
		}
		require.Equal(t, want, got[i], fmt.Sprintf("%T", want))
	}
}

//brood:checks N155
func TestFourBuffersOfEightMebibytes(t *testing.T) {
	l := newLoop(t)
	node := startNode(t, l, advanced, echoScript)
	n := 0
	node.channel.OnMessage(func(m *ipc.Message) {
		v, err := m.Value()
		require.NoError(t, err)
		b := v.(v8.Uint8Array)
		require.Len(t, b, 8<<20)
		require.EqualValues(t, n, b[0])
		require.EqualValues(t, n, b[len(b)-1])
		if n++; n == 4 {
			node.channel.Disconnect()
		}
	})
	for i := range 4 {
		b := make(v8.Uint8Array, 8<<20)
		for k := range b {
			b[k] = byte(i)
		}
		require.NoError(t, node.channel.Send(b))
	}
	run(t, l)
	node.wait()
	require.Equal(t, 4, n)
}
