package fleet_test

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

// garbling returns a proxy that makes the first answer of a stream unreadable: the message is
// stored, but the client does not know it.
func garbling(t testing.TB, s *fleet.Server, stream string) (p *proxy, garbled *atomic.Int32) {
	t.Helper()
	garbled = &atomic.Int32{}
	answer := []byte(`{"stream":"` + stream + `",`)
	return newRewritingProxy(t, strings.TrimPrefix(s.URL(), "nats://"), func(b []byte) []byte {
		if garbled.Load() == 0 && bytes.Contains(b, answer) {
			garbled.Add(1)
			return bytes.Replace(b, answer, append([]byte("["), answer[1:]...), 1)
		}
		return b
	}), garbled
}

//brood:checks W139
func TestAJobThatMayBeQueuedKeepsItsPayload(t *testing.T) {
	o := &fleet.ServerOptions{Layout: quick("mail")}
	fleet.MaxPayload(o, 64<<10)
	s := serveWith(t, o)
	p, garbled := garbling(t, s, "fleet_jobs")
	cut, err := fleet.Dial(&fleet.Options{URL: p.url()})
	require.NoError(t, err)
	defer cut.Close()
	text := strings.Repeat("x", 200<<10)
	_, err = cut.Submit(ctx(t), "mail", job{Echo: text}, &fleet.JobOptions{ID: "a"})
	require.Error(t, err, "the answer cannot be read")
	require.EqualValues(t, 1, garbled.Load())

	f := dial(t, s, fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	var got string
	require.NoError(t, f.Await("a").Wait(ctx(t), &got))
	require.Equal(t, text, got)
}

//brood:checks W139
func TestAResultThatMayBeStoredKeepsItsPayload(t *testing.T) {
	t.Parallel()
	o := &fleet.ServerOptions{Layout: quick("mail")}
	fleet.MaxPayload(o, 64<<10)
	s := serveWith(t, o)
	p, garbled := garbling(t, s, "fleet_results")
	cut, err := fleet.Dial(&fleet.Options{URL: p.url()})
	require.NoError(t, err)
	defer cut.Close()
	rec := newRecorder()
	agent(t, cut, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	f := dial(t, s, fleet.Options{})
	j := submit(t, f, "mail", job{Size: 200 << 10}, nil)
	rec.next(t, fleet.EventError)
	require.EqualValues(t, 1, garbled.Load())
	rec.next(t, fleet.EventDone) // The job came again, and its result was stored.
	var got string
	require.NoError(t, j.Wait(ctx(t), &got))
	require.Len(t, got, 200<<10)
}

//brood:checks W133
func TestTheRoomOfLargeResultsIsFreeWhenTheyExpire(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.MaxResultBytes, l.ResultTTL = 1<<20, 500*time.Millisecond
	o := &fleet.ServerOptions{Layout: l}
	fleet.MaxPayload(o, 64<<10)
	f := dial(t, serveWith(t, o), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	for range 6 {
		require.NoError(t, submit(t, f, "mail", job{Size: 400 << 10}, nil).Wait(ctx(t), nil))
	}
}

//brood:checks W139
func TestACancelledJobLeavesNoPayload(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.MaxJobBytes = 1 << 20
	o := &fleet.ServerOptions{Layout: l}
	fleet.MaxPayload(o, 64<<10)
	f := dial(t, serveWith(t, o), fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	for range 6 {
		j := submit(t, f, "mail", job{Hang: true, Fail: strings.Repeat("x", 400<<10)}, nil)
		require.NoError(t, j.Cancel(ctx(t), "enough"))
		require.ErrorIs(t, j.Wait(ctx(t), nil), fleet.ErrCancelled)
		eventually(t, "it is off the queue", func() bool { return idle(t, f, "mail") })
	}
}

//brood:checks W139
func TestABucketMadeOnFirstUseHasTheLimitsOfTheStreamOfJobs(t *testing.T) {
	l := quick("mail")
	l.MaxJobBytes, l.StateTTL = 3<<20, time.Hour
	o := &fleet.ServerOptions{Layout: l}
	fleet.MaxPayload(o, 64<<10)
	s := serveWith(t, o)
	submit(t, dial(t, s, fleet.Options{Client: "web"}), "mail", strings.Repeat("x", 100<<10), nil)
	_, js := raw(t, s)
	stream, err := js.Stream(ctx(t), "OBJ_fleet_blob_web")
	require.NoError(t, err)
	require.EqualValues(t, 3<<20, stream.CachedInfo().Config.MaxBytes)
	require.Equal(t, time.Hour, stream.CachedInfo().Config.MaxAge)
}
