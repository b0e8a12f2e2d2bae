package ipc_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

// job is what most of the messages of this file are.
type job struct {
	N    int   `json:"n"`
	List []int `json:"list"`
}

// A channel reads messages as those before were read, before it delivers them. That must not show: not in the values, of which
// some are kept, and not in what is told of messages that are wrong.
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
		if j.N%5 == 0 { // Some are asked for in other ways, too.
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

// What waits for a listener has been looked at when others were read, and is not mistaken for one of them.
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

// What is wrong is told in its place among the others, whether it could be one of Node's messages or not, and whether somebody
// reads the messages or not.
func TestWhatIsWrongIsToldInItsPlace(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	var j journal
	c.OnMessage(func(m *ipc.Message) { j.add(string(m.Raw())) })
	c.OnError(func(error) { j.add("error") })
	p.send("1\n[1\n2\n{\"a\":\"NODE_\"\n3\n\"\\u00\"\n4\n")
	p.close()
	run(t, l)
	require.Equal(t, []string{"1", "error", "2", "error", "3", "error", "4"}, j.entries)
}
