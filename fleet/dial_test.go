package fleet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

// plain starts a NATS server without a fleet.
func plain(t testing.TB, o *server.Options) string {
	t.Helper()
	o.Host, o.Port, o.NoSigs, o.StoreDir = "127.0.0.1", server.RANDOM_PORT, true, t.TempDir()
	s, err := server.NewServer(o)
	require.NoError(t, err)
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	require.True(t, s.ReadyForConnections(time.Minute))
	return strings.TrimPrefix(s.ClientURL(), "nats://")
}

func TestDialTellsWhatIsWrongWithTheServer(t *testing.T) {
	_, err := fleet.Dial(&fleet.Options{URL: fmt.Sprintf("nats://127.0.0.1:%d", freePort(t))})
	require.ErrorIs(t, err, fleet.ErrUnavailable, "nobody listens")

	without := plain(t, &server.Options{})
	_, err = fleet.Dial(&fleet.Options{URL: without})
	require.ErrorIs(t, err, fleet.ErrNoJetStream)

	with := plain(t, &server.Options{JetStream: true})
	_, err = fleet.Dial(&fleet.Options{URL: with})
	require.ErrorIs(t, err, fleet.ErrNotSetUp)
	f, err := fleet.Dial(&fleet.Options{URL: with, Setup: quick("mail")})
	require.NoError(t, err)
	f.Close()

	version := regexp.MustCompile(`"version":"[0-9.]+"`)
	p := newRewritingProxy(t, with, func(b []byte) []byte { return version.ReplaceAll(b, []byte(`"version":"2.9.25"`)) })
	_, err = fleet.Dial(&fleet.Options{URL: p.url()})
	old, ok := errors.AsType[*fleet.VersionError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, &fleet.VersionError{Server: "2.9.25", Least: "2.12.0"}, old)

	p = newRewritingProxy(t, with, func([]byte) []byte { return bytes.Repeat([]byte("no NATS\r\n"), 1000) })
	_, err = fleet.Dial(&fleet.Options{URL: p.url()})
	require.ErrorIs(t, err, fleet.ErrUnavailable, "it is something else")

	p = newProxy(t, with)
	p.cut()
	_, err = fleet.Dial(&fleet.Options{URL: p.url(), Timeout: 200 * time.Millisecond})
	require.ErrorIs(t, err, fleet.ErrUnavailable, "it says nothing")

	for _, o := range []fleet.Options{{Name: "a.b"}, {Client: "a b"}, {Timeout: -1}, {MaxPayload: -1}, {User: "a", Credentials: "b"}} {
		_, err := fleet.Dial(&o)
		_, ok := errors.AsType[*fleet.OptionError](err)
		require.True(t, ok, "%v", err)
	}
}

func TestCallsEndWhenTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	p := newProxy(t, strings.TrimPrefix(s.URL(), "nats://"))
	f, err := fleet.Dial(&fleet.Options{URL: p.url(), Timeout: 300 * time.Millisecond})
	require.NoError(t, err)
	defer f.Close()
	j := submit(t, f, "mail", job{Echo: 1}, nil)
	p.cut()
	for name, call := range map[string]func() error{
		"submit": func() error { _, err := f.Submit(context.Background(), "mail", 1, nil); return err },
		"cancel": func() error { return j.Cancel(context.Background(), "") },
		"info":   func() error { _, err := j.Info(context.Background()); return err },
		"queue":  func() error { _, err := f.Queue(context.Background(), "mail"); return err },
		"dead":   func() error { _, err := f.Dead(context.Background(), "", 0); return err },
	} {
		require.ErrorIs(t, call(), fleet.ErrUnavailable, name)
	}
	c, cancel := context.WithCancelCause(ctx(t))
	mine := errors.New("mine")
	cancel(mine)
	require.ErrorIs(t, j.Wait(c, nil), mine)
	_, err = f.Submit(c, "mail", 1, nil)
	require.ErrorIs(t, err, mine)

	waits := make(chan error, 1)
	go func() { waits <- j.Wait(ctx(t), nil) }() // It ends with the job.
	agent(t, dial(t, s, fleet.Options{}), 1, fleet.AgentOptions{Queues: queues("mail")})
	p.restore()
	require.NoError(t, <-waits, "whoever waits is not told of all that")
}

func TestAnAgentKeepsAnswersWhileThereIsNoRoomForThem(t *testing.T) {
	t.Parallel()
	l := quick("mail")
	l.MaxResultBytes, l.ResultTTL = 8<<10, time.Second
	f := dial(t, serve(t, l), fleet.Options{})
	rec := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	for range 4 {
		submit(t, f, "mail", job{Size: 3 << 10}, nil)
	}
	rec.next(t, fleet.EventError)
	for range 2 {
		e := rec.next(t, fleet.EventDone)
		require.Equal(t, 1, e.Attempt, "it was not given up")
	}
	eventually(t, "they are done when results expire", func() bool { return idle(t, f, "mail") })
}

func TestAnAgentOutlivesTheAbsenceOfItsServer(t *testing.T) {
	t.Parallel()
	s := serve(t, quick("mail"))
	p := newProxy(t, strings.TrimPrefix(s.URL(), "nats://"))
	cut, err := fleet.Dial(&fleet.Options{URL: p.url()})
	require.NoError(t, err)
	defer cut.Close()
	rec := newRecorder()
	agent(t, cut, 1, fleet.AgentOptions{Name: "cut", Queues: queues("mail"), OnEvent: rec.on})
	f := dial(t, s, fleet.Options{})
	j := submit(t, f, "mail", job{Hang: true}, nil)
	rec.next(t, fleet.EventStarted)
	p.cut()
	require.Equal(t, "default."+j.ID(), rec.next(t, fleet.EventLost).ID, "its child is killed while it is cut off")
	other := newRecorder()
	agent(t, f, 1, fleet.AgentOptions{Name: "other", Queues: queues("mail"), OnEvent: other.on})
	require.Equal(t, 2, other.next(t, fleet.EventStarted).Attempt)
	p.restore()
	second := submit(t, f, "mail", job{}, nil)
	require.NoError(t, second.Wait(ctx(t), nil))
	r, err := second.Result(ctx(t))
	require.NoError(t, err)
	require.Equal(t, "cut", r.Agent, "the other has no slot free")
}

func TestMessagesOfAnotherProgramThatAreNoJobsAreDead(t *testing.T) {
	s := serve(t, quick("mail"))
	_, js := raw(t, s)
	f := dial(t, s, fleet.Options{})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	for id, text := range map[string]string{"a": "no JSON", "b": "", "c": "\xff\xfe"} {
		_, err := js.Publish(ctx(t), "fleet.job.mail.default."+id, []byte(text))
		require.NoError(t, err)
		dead, ok := errors.AsType[*fleet.DeadError](f.Await(id).Wait(ctx(t), nil))
		require.True(t, ok)
		require.Equal(t, fleet.DeadMalformed, dead.Kind)
	}
	large := nats.NewMsg("fleet.job.mail.default.large")
	large.Data = bytes.Repeat([]byte("x"), 900<<10)
	large.Header.Set("Fleet-Key", strings.Repeat("x", 32<<10))
	_, err := js.PublishMsg(ctx(t), large)
	require.NoError(t, err)
	dead, ok := errors.AsType[*fleet.DeadError](f.Await("large").Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadMalformed, dead.Kind)
	require.NoError(t, submit(t, f, "mail", job{}, nil).Wait(ctx(t), nil))
}

func TestTheHandlersOfAProgramDoNotTakeThePlaceOfOurs(t *testing.T) {
	s := serveRoles(t)
	told := make(chan string, 100)
	f := dial(t, s, fleet.Options{User: "web", Password: password("web"), Timeout: time.Minute, NATS: []nats.Option{
		nats.ClosedHandler(func(*nats.Conn) { told <- "closed" }),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) { told <- "error" }),
		nats.ReconnectHandler(func(*nats.Conn) {}), nats.DisconnectErrHandler(func(*nats.Conn, error) { told <- "lost" }),
	}})
	_, err := f.Submit(ctx(t), "bank", 1, nil)
	require.ErrorIs(t, err, fleet.ErrPermission)
	require.Equal(t, "error", <-told)
	f.Close()
	for what := <-told; what != "closed"; what = <-told {
		require.Equal(t, "lost", what)
	}
	silent := dial(t, s, fleet.Options{User: "web", Password: password("web"), NATS: []nats.Option{nats.NoCallbacksAfterClientClose()}})
	silent.Close()
}

func TestWaitingForJobsOfManyClientsLeavesNothingBehind(t *testing.T) {
	s := serve(t, quick("mail"))
	counts := make(chan *nats.Conn, 1)
	f := dial(t, s, fleet.Options{NATS: []nats.Option{nats.ConnectHandler(func(nc *nats.Conn) { counts <- nc })}})
	nc := <-counts
	for i := range 50 {
		c, cancel := context.WithCancel(ctx(t))
		waits := make(chan error, 2)
		for range 2 {
			// It ends with the context.
			go func() { waits <- f.Await(fmt.Sprintf("client%d.job", i)).Wait(c, nil) }()
		}
		cancel()
		require.ErrorIs(t, <-waits, context.Canceled)
		require.ErrorIs(t, <-waits, context.Canceled)
	}
	require.Less(t, nc.NumSubscriptions(), 10)
}
