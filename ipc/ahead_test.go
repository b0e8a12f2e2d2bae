package ipc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/ipc/v8"
)

// job is the type of most messages in this file.
type job struct {
	N    int   `json:"n"`
	List []int `json:"list"`
}

// A channel decodes a message like the messages before, before it delivers it. Neither the values,
// of which some are kept, nor the errors of malformed messages may show that.
func TestMessagesThatAreReadAheadAreAsTheyWereSent(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var got []job
	var told []string
	c.OnError(func(err error) { told = append(told, fmt.Sprintf("error behind %d", len(got))) })
	c.OnMessage(func(m *ipc.Message) {
		var j job
		if err := m.Decode(&j); err != nil {
			told = append(told, fmt.Sprintf("no job behind %d", len(got)))
			return
		}
		if j.N%5 == 0 { // Some are decoded in other ways too.
			v, err := m.Value()
			require.NoError(t, err)
			require.Equal(t, map[string]any{"n": float64(j.N), "list": []any{float64(j.N)}}, v)
			again := job{N: -1}
			require.NoError(t, m.Decode(&again))
			require.Equal(t, j, again)
		}
		got = append(got, j)
	})
	var want []job
	for i := range 40 {
		if i%10 == 7 {
			p.send(`{"n":1,"list":[}` + "\n" + `{"n":"text"}` + "\n")
		}
		p.send(fmt.Sprintf(`{"n":%d,"list":[%[1]d]}`+"\n", i))
		want = append(want, job{i, []int{i}})
	}
	p.close()
	run(t, l)
	require.Equal(t, want, got)
	require.Equal(t, []string{
		"error behind 7", "no job behind 7", "error behind 17", "no job behind 17",
		"error behind 27", "no job behind 27", "error behind 37", "no job behind 37",
	}, told)
}

// A message that waits for a listener was checked while others were read. It must not be taken for
// one of them.
func TestMessagesThatWaitAreNotMistakenForThoseReadAhead(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var got []int
	listen := func() {
		c.OnceMessage(func(m *ipc.Message) {
			var j job
			require.NoError(t, m.Decode(&j))
			got = append(got, j.N)
		})
	}
	for i := range 12 {
		p.send(fmt.Sprintf(`{"n":%d}`+"\n", i))
	}
	var want []int
	for i := range 12 {
		want = append(want, i)
		listen()
		poll(t, l)
		poll(t, l)
	}
	require.Equal(t, want, got)
	p.close()
	run(t, l)
}

// A malformed message is reported in its place among the others, whether or not it may be internal,
// and whether or not the messages are decoded.
func TestMalformedMessagesAreReportedInTheirPlace(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnMessage(func(m *ipc.Message) { j.Add(string(m.Raw())) })
	c.OnError(func(error) { j.Add("error") })
	p.send("1\n[1\n2\n{\"a\":\"NODE_\"\n3\n\"\\u00\"\n4\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "error", "2", "error", "3", "error", "4"}, j.Entries)
}

// The same with the other serialization, where Value is called too.
func TestAdvancedMessagesThatAreReadAheadAreAsTheyWereSent(t *testing.T) {
	l := newLoop(t)
	x, y := socketPair(t)
	o := &ipc.Options{Serialization: ipc.Advanced}
	sender, err := ipc.New(l, x, o)
	require.NoError(t, err)
	c, err := ipc.New(l, y, o)
	require.NoError(t, err)
	var got []job
	c.OnMessage(func(m *ipc.Message) {
		var j job
		if err := m.Decode(&j); err != nil {
			got = append(got, job{N: -1})
			return
		}
		v, err := m.Value()
		require.NoError(t, err)
		n, _ := v.(*v8.Object).Get("n")
		require.Equal(t, j.N, n)
		again := job{N: -1}
		require.NoError(t, m.Decode(&again))
		require.Equal(t, j, again)
		got = append(got, j)
	})
	var want []job
	for i := range 40 {
		if i%10 == 7 {
			require.NoError(t, sender.Send(map[string]any{"n": "text"}))
			want = append(want, job{N: -1})
		}
		require.NoError(t, sender.Send(job{i, []int{i}}))
		want = append(want, job{i, []int{i}})
	}
	sender.Disconnect()
	run(t, l)
	require.Equal(t, want, got)
}

// An answer is found among messages that are read ahead, also in a string of two bytes a character:
// V8 writes some ASCII strings in that way.
func TestAnswersAndCommandsAreFoundAmongAdvancedMessages(t *testing.T) {
	wide := func(s string) string {
		var w strings.Builder
		w.WriteString("c" + string([]byte{byte(2 * len(s))}))
		for _, b := range []byte(s) {
			w.WriteString(string([]byte{b, 0}))
		}
		return w.String()
	}
	l := newLoop(t)
	c, p := newChannel(t, l, &ipc.Options{Serialization: ipc.Advanced})
	frame := func(payload string) string { return string([]byte{0, 0, 0, byte(len(payload))}) + payload }
	var messages, commands, answers int
	c.OnMessage(func(m *ipc.Message) {
		var v struct{ A int }
		require.NoError(t, m.Decode(&v))
		messages++
	})
	c.OnInternal("NODE_x", func(*ipc.Message) { commands++ })
	require.NoError(t, c.Request(t.Context(), 1, func(m *ipc.Message, err error) {
		require.NoError(t, err)
		answers++
	}))
	sent, _ := p.read()
	var request struct{ ID string }
	require.NoError(t, v8.Decode([]byte(sent[4:]), &request))
	ordinary := frame("\xff\x0fo\"\x01AI\x02{\x01")
	p.send(strings.Repeat(ordinary, 3) + frame("\xff\x0fo\"\x03cmd"+wide("NODE_xy")+"{\x01") + ordinary +
		frame("\xff\x0fo\"\x02id"+wide(request.ID)+"{\x01") + ordinary)
	p.close()
	run(t, l)
	require.Equal(t, []int{5, 1, 1}, []int{messages, commands, answers})
}

// A message that was read ahead is not searched for a cmd. An internal message among such messages
// is not taken for one of them.
func TestInternalMessagesAreFoundAmongThoseThatAreReadAhead(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnMessage(func(m *ipc.Message) {
		var v job
		require.NoError(t, m.Decode(&v))
		j.Add(fmt.Sprint(v.N))
	})
	c.OnInternal("NODE_x", func(m *ipc.Message) {
		var v job
		require.NoError(t, m.Decode(&v))
		j.Add(fmt.Sprintf("internal %d", v.N))
	})
	var want []string
	for i, text := range []string{
		`{"n":%d}`, `{"n":%d}`, `{"n":%d}`, `{"n":%d,"cmd":"NODE_xy"}`, `{"n":%d}`, `{"cmd":"NODE_xy","n":%d}`, `{"n":%d,"cmd":"x"}`,
		`{"n":%d,"\u0063md":"NODE_xy"}`, `{"n":%d,"cmd":"\u004eODE_xy"}`, `{"n":%d,"cmd":"NODE_"}`, `{"n":%d,"a":{"cmd":"NODE_xy"}}`,
		`{"n":%d,"cmd":"NODE_xy","cmd":1}`, `{"n":%d,"list":[1]}`, `{"n":%d,"cmd":1,"cmd":"NODE_xy"}`, `{"n":%d}`,
	} {
		p.send(fmt.Sprintf(text, i) + "\n")
		switch i {
		case 3, 5, 7, 8, 13:
			want = append(want, fmt.Sprintf("internal %d", i))
		default:
			want = append(want, fmt.Sprint(i))
		}
	}
	p.close()
	run(t, l)
	require.Equal(t, want, j.Entries)
}
