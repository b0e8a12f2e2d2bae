package pool_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
)

// Whatever a parent sends, the worker goes on.
func TestInvalidMessagesAreReportedAndIgnored(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop"} {
		p := startHelper(t, "serve", mode)
		p.next()
		for message, reason := range map[string]string{
			`[1]`:                           "it is no object",
			`"text"`:                        "it is no object",
			`null`:                          "it is no object",
			`{"id":0,"job":1}`:              "the id is no positive integer",
			`{"id":-1,"job":1}`:             "the id is no positive integer",
			`{"id":1.5,"job":1}`:            "the id is no positive integer",
			`{"id":"1","job":1}`:            "the id is no positive integer",
			`{"id":null,"job":1}`:           "the id is no positive integer",
			`{"id":1e3,"job":1}`:            "the id is no positive integer",
			`{"id":99999999999999999999}`:   "the id is no positive integer",
			`{"job":1}`:                     "it has no id",
			`{"method":"about"}`:            "it has no id",
			`{"cancel":"x"}`:                "it has no id",
			`{"credit":1}`:                  "it has no id",
			`{"ping":"x"}`:                  "the ping is no number",
			`{"ping":-1}`:                   "the ping is no number",
			`{"job":"` + long + `","id":0}`: "the id is no positive integer",
		} {
			p.stderr.Reset()
			p.send(message, `{"id":1,"job":"still here"}`)
			p.expect(`{"id":1,"result":"still here"}`)
			want := fmt.Sprintf("error: pool: message %q: %s\n", message[:min(len(message), 64)], reason)
			p.until("the complaint", func() bool { return len(p.stderr.String()) >= len(want) })
			require.Equal(t, want, p.stderr.String(), message)
		}
		p.stderr.Reset()
		for _, message := range []string{`{}`, `{"hello":{"id":5}}`, `{"ready":true}`, `{"id":5,"cancel":null,"credit":7}`} {
			p.send(message, `{"id":1,"job":"still here"}`)
			p.expect(`{"id":1,"result":"still here"}`)
		}
		p.send(`{"ping":17}`, `{"id":1,"id":2,"job":1,"job":2}`)
		p.expect(`{"pong":17}`, `{"id":2,"result":2}`)
		p.disconnect()
		require.Empty(t, p.stderr.String())
	}
}

var long = strings.Repeat("x", 1000)

func TestACreditThatIsNoNumberIsReported(t *testing.T) {
	p := startHelper(t, "serve")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":1,"credit":-5}`, `{"id":1,"credit":999999999999999999}`, `{"id":1,"credit":999999999999999999}`,
		`{"id":1,"credit":999999999999999999}`, `{"id":1,"cancel":"x","credit":1}`)
	p.expect(`{"id":1,"error":{"message":"pool: job cancelled: x","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	p.disconnect()
	require.Equal(t, `error: pool: message "{\"id\":1,\"credit\":-5}": the credit is no number of bytes`+"\n", p.stderr.String())
}

func TestJobsBeyondTheQueueAreRefused(t *testing.T) {
	p := startHelper(t, "serve", "queue=2")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":2,"job":2}`, `{"id":3,"job":3}`, `{"id":4,"job":4}`)
	p.expect(`{"id":4,"error":{"message":"2 jobs wait for this worker already","code":"ERR_QUEUE_FULL"}}`)
	p.send(`{"id":2,"cancel":"x"}`, `{"id":5,"job":5}`, `{"id":1,"cancel":"x"}`)
	require.Contains(t, p.next(), `"id":2`)
	require.Contains(t, p.next(), `"id":1`)
	p.expect(`{"id":3,"result":3}`, `{"id":5,"result":5}`)
	p.disconnect()
}

func TestJobsThatAreTooLargeTogetherAreRefused(t *testing.T) {
	p := startHelper(t, "serve", "queuebytes=1500")
	p.next()
	p.send(`{"id":1,"method":"wait","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	for id := 2; id <= 4; id++ {
		p.send(fmt.Sprintf(`{"id":%d,"job":"%s"}`, id, long))
	}
	p.expect(`{"id":4,"error":{"message":"2 jobs wait for this worker already","code":"ERR_QUEUE_FULL"}}`)
	p.send(`{"id":1,"cancel":"x"}`)
	require.Contains(t, p.next(), `"id":1`)
	p.expect(`{"id":2,"result":"`+long+`"}`, `{"id":3,"result":"`+long+`"}`)
	p.disconnect()
}

// The parent reads nothing, and sends messages that must be answered.
func TestAFloodThatIsNotReadStops(t *testing.T) {
	for _, mode := range []string{"concurrency=1", "onloop"} {
		for _, message := range []string{`{"ping":1}`, `{"id":1,"job":1,"method":"` + long + `"}`, `{"id":1,"job":1}`} {
			p := startHelper(t, "serve", mode)
			p.next()
			p.child.Channel().Pause()
			sent := 0
			for ; sent < 1_000_000 && !p.child.NeedDrain(); sent++ {
				p.send(message)
				if sent%64 == 0 {
					_, err := p.loop.Poll(0)
					require.NoError(t, err)
				}
			}
			require.True(t, p.child.NeedDrain(), "the worker reads on")
			p.child.Channel().Resume()
			p.child.Disconnect()
			p.until("its end", func() bool { return p.status != nil })
			require.Equal(t, 0, p.status.Code, "%s", p.stderr.String())
			p.got = nil
		}
	}
}

// serveHere sends a message and a ping to a worker in this process, whose messages have at most
// most bytes. It returns the messages of the worker before the pong.
func serveHere(t *testing.T, most int, message string, o *pool.ServeOptions) (got []string) {
	t.Helper()
	l := looptest.New(t)
	worker, parent := channels(t, l, &ipc.Options{MaxMessage: most})
	answered := false
	parent.OnMessage(func(m *ipc.Message) {
		switch text := string(m.Raw()); {
		case text == `{"pong":99}`:
			answered = true
		case !strings.HasPrefix(text, `{"ready":`):
			got = append(got, text)
		}
	})
	require.NoError(t, pool.ServeWith(l, worker, pool.Handlers{"": nothing}, o))
	require.NoError(t, parent.Send(rawJSON(message)))
	require.NoError(t, parent.Send(rawJSON(`{"ping":99}`)))
	until(t, l, func() bool { return answered })
	worker.Destroy()
	parent.Destroy()
	looptest.Run(t, l)
	return got
}

// The worker refuses a job over the limit of the channel; otherwise it would never answer it.
func TestAJobThatIsTooLongForTheWorkersChannelIsAnswered(t *testing.T) {
	for _, c := range []struct{ message, answer string }{
		{`{"id":7,"method":"m","job":"` + long + `"}`, `{"id":7,"error":{"message":"message too long","code":"ERR_TOO_LARGE"}}`},
		{`{"id":8,"cancel":"` + long + `"}`, ``},
		{`{"ping":1,"x":"` + long + `"}`, ``},
		{`{"job":"` + long + `","id":7}`, ``},
		{`{"id":0,"job":"` + long + `"}`, ``},
	} {
		var told error
		got := serveHere(t, 900, c.message, &pool.ServeOptions{OnError: func(err error) { told = err }})
		if c.answer == "" {
			require.Empty(t, got, c.message)
		} else {
			require.Len(t, got, 1)
			require.JSONEq(t, c.answer, got[0])
		}
		require.ErrorIs(t, told, ipc.ErrMessageTooLong)
	}
}
