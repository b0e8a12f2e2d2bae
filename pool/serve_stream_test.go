package pool_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/pool"
)

func init() {
	// serve-stream [onloop] writes chunks: each job has their number of bytes and their kind.
	helperproc.Register("serve-stream", func(args []string) {
		var kept *pool.Job
		serveHelper(pool.Handlers{
			"write": func(_ context.Context, j *pool.Job) (any, error) {
				var job struct {
					Bytes int
					Text  string
				}
				if err := j.Decode(&job); err != nil {
					return nil, err
				}
				text := job.Text
				if text == "" {
					text = "random"
				}
				n, err := io.Copy(j, io.LimitReader(newSource(text), int64(job.Bytes)))
				return n, err
			},
			"once": func(_ context.Context, j *pool.Job) (any, error) {
				n, err := j.Write([]byte(strings.Repeat("x", 3<<20)))
				if errors.Is(err, pool.ErrNoCredit) {
					return fmt.Sprint("no credit after ", n), nil
				}
				return n, err
			},
			"count": func(_ context.Context, j *pool.Job) (any, error) {
				for i := range 10_000 {
					if err := j.Progress(i); err != nil {
						return nil, err
					}
				}
				return "counted", nil
			},
			"progress": func(_ context.Context, j *pool.Job) (any, error) {
				kept = j
				return nil, j.Progress(make(chan int))
			},
			"kept": func(context.Context, *pool.Job) (any, error) {
				_, err := kept.Write([]byte("x"))
				return []bool{errors.Is(kept.Progress(1), pool.ErrJobEnded), errors.Is(err, pool.ErrJobEnded)}, nil
			},
			"": func(context.Context, *pool.Job) (any, error) { return "", nil },
		}, &pool.ServeOptions{Concurrency: 2, OnLoop: len(args) > 0})
	})
}

// newSource returns an endless text, or endless bytes that are no text.
func newSource(text string) io.Reader {
	if text == "random" {
		return rand.NewChaCha8([32]byte{1})
	}
	return &source{text: strings.Repeat(text, 1+32<<10/len(text))}
}

type source struct {
	text string
	at   int
}

func (s *source) Read(p []byte) (int, error) {
	n := copy(p, s.text[s.at:])
	s.at = (s.at + n) % len(s.text)
	return n, nil
}

// chunkOf returns the bytes of a message that is a chunk.
func chunkOf(t testing.TB, message string) (data []byte, ok bool) {
	t.Helper()
	var m struct {
		ID    int
		Chunk json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(message), &m))
	if m.Chunk == nil {
		return nil, false
	}
	require.Equal(t, 1, m.ID)
	var text string
	if json.Unmarshal(m.Chunk, &text) == nil {
		return []byte(text), true
	}
	var b struct{ Base64 string }
	require.NoError(t, json.Unmarshal(m.Chunk, &b))
	data, err := base64.StdEncoding.DecodeString(b.Base64)
	require.NoError(t, err)
	return data, true
}

//brood:checks W070
func TestChunksAreOrderedCompleteAndWithinTheCredit(t *testing.T) {
	for _, text := range []string{"random", "häuser €\U0001f600\n", "\x00\x01", `quoted "\ `, "\x1b[31mred"} {
		t.Run(text, func(t *testing.T) {
			const bytes, credit = 1_500_005, 1 << 20
			p := startHelper(t, "serve-stream")
			p.next()
			job, err := json.Marshal(map[string]any{"bytes": bytes, "text": text})
			require.NoError(t, err)
			p.send(`{"id":1,"method":"write","job":` + string(job) + `}`)
			var got []byte
			allowed := credit
			for {
				message := p.next()
				data, ok := chunkOf(t, message)
				if !ok {
					require.JSONEq(t, fmt.Sprintf(`{"id":1,"result":%d}`, bytes), message)
					break
				}
				got = append(got, data...)
				require.LessOrEqual(t, len(got), allowed)
				if len(got) == allowed {
					// The next job goes on meanwhile, and this one sends nothing else.
					p.send(`{"id":2}`)
					p.expect(`{"id":2,"result":""}`)
					allowed += 300_000
					p.send(`{"id":1,"credit":300000}`)
				}
			}
			want := make([]byte, bytes)
			_, err = io.ReadFull(newSource(text), want)
			require.NoError(t, err)
			require.True(t, string(want) == string(got), "%d bytes came", len(got))
			p.disconnect()
		})
	}
}

//brood:checks W070
func TestTextIsSentAsText(t *testing.T) {
	p := startHelper(t, "serve-stream")
	p.next()
	p.send(`{"id":1,"method":"write","job":{"bytes":7,"text":"ä\n\"x"}}`)
	p.expect(`{"id":1,"chunk":"ä\n\"xä"}`, `{"id":1,"result":7}`)
	p.send(`{"id":1,"method":"write","job":{"bytes":1,"text":"ä"}}`)
	p.expect(`{"id":1,"chunk":{"base64":"ww=="}}`, `{"id":1,"result":1}`)
	p.disconnect()
}

//brood:checks W070
func TestAHandlerThatIsCancelledWhileItWaitsForCreditReturnsTheCause(t *testing.T) {
	p := startHelper(t, "serve-stream")
	p.next()
	p.send(`{"id":1,"method":"once"}`)
	for got := 0; got < 1<<20; {
		data, ok := chunkOf(t, p.next())
		require.True(t, ok)
		got += len(data)
	}
	p.send(`{"id":1,"cancel":"enough"}`)
	p.expect(`{"id":1,"error":{"message":"pool: job cancelled: enough","name":"pool.CancelError","code":"ERR_CANCELLED"}}`)
	p.send(`{"id":2}`)
	p.expect(`{"id":2,"result":""}`)
	p.disconnect()
}

//brood:checks W070
func TestOnTheLoopWriteDoesNotWait(t *testing.T) {
	p := startHelper(t, "serve-stream", "onloop")
	p.expect(`{"ready":{"version":1,"concurrency":2,"accepts":["ping"]` + readyAttach + `}}`)
	for range 2 {
		p.send(`{"id":1,"method":"once"}`)
		for got := 0; got < 1<<20; {
			data, ok := chunkOf(t, p.next())
			require.True(t, ok)
			got += len(data)
		}
		p.expect(`{"id":1,"result":"no credit after 1048576"}`)
	}
	p.disconnect()
}

//brood:checks W070
func TestTheLatestProgressComesBeforeTheResult(t *testing.T) {
	for _, mode := range [][]string{nil, {"onloop"}} {
		p := startHelper(t, "serve-stream", mode...)
		p.next()
		p.send(`{"id":1,"method":"count"}`)
		last := -1
		for {
			var m struct{ Progress *int }
			message := p.next()
			require.NoError(t, json.Unmarshal([]byte(message), &m))
			if m.Progress == nil {
				require.JSONEq(t, `{"id":1,"result":"counted"}`, message)
				break
			}
			require.Greater(t, *m.Progress, last)
			last = *m.Progress
		}
		require.Equal(t, 9999, last)
		p.disconnect()
	}
}

//brood:checks W070
func TestProgressThatCannotBecomeJSONIsTheHandlersError(t *testing.T) {
	for _, mode := range [][]string{nil, {"onloop"}} {
		p := startHelper(t, "serve-stream", mode...)
		p.next()
		p.send(`{"id":1,"method":"progress"}`)
		require.Contains(t, p.next(), `{"id":1,"error":{"message":"`)
		if mode == nil {
			p.send(`{"id":2,"method":"kept"}`)
			p.expect(`{"id":2,"result":[true,true]}`)
		}
		p.disconnect()
	}
}

//brood:checks W070
func TestWhenTheParentDoesNotReadTheWorkerWaits(t *testing.T) {
	for _, mode := range [][]string{nil, {"onloop"}} {
		p := startHelper(t, "serve-stream", mode...)
		p.next()
		p.child.Channel().Pause()
		const jobs = 3000
		// More than the socket and the queue hold: the worker has to stop reading.
		big := strings.Repeat("y", 4<<10)
		sent := 0
		for sent < jobs && !p.child.NeedDrain() {
			sent++
			p.send(fmt.Sprintf(`{"id":%d,"method":"write","job":{"bytes":5000,"text":"abc"},"x":"%s"}`, sent, big))
		}
		require.Less(t, sent, jobs, "the worker reads on")
		p.child.Channel().Resume()
		for answered := 0; answered < sent; {
			if !strings.Contains(p.next(), `"chunk"`) {
				answered++
			}
		}
		p.disconnect()
	}
}

// While the parent does not read, the worker does not read either.
func TestAWorkerThatWaitsForItsParentSeesItDie(t *testing.T) {
	for _, mode := range [][]string{nil, {"onloop"}} {
		p := startHelper(t, "serve-stream", mode...)
		p.next()
		p.child.Channel().Pause()
		for id := 1; !p.child.NeedDrain(); id++ {
			p.send(fmt.Sprintf(`{"id":%d,"method":"write","job":{"bytes":50000,"text":"abc"}}`, id))
			_, err := p.loop.Poll(0)
			require.NoError(t, err)
		}
		p.child.Channel().Destroy()
		p.got = nil
		p.until("the end of the worker", func() bool { return p.status != nil })
		require.Equal(t, 0, p.status.Code, "%s", p.stderr.String())
	}
}
