package fleet_test

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
)

// serveRoles starts a server with a user of each role. The password is the name backwards.
func serveRoles(t testing.TB) *fleet.Server {
	t.Helper()
	return serveRolesIn(t, t.TempDir())
}

func serveRolesIn(t testing.TB, dir string) *fleet.Server {
	t.Helper()
	o := &fleet.ServerOptions{Dir: dir, Layout: quick("mail", "bank")}
	fleet.MaxPayload(o, 64<<10)
	for _, u := range []fleet.User{
		{Name: "web", Role: fleet.RoleClient, Queues: []string{"mail"}}, {Name: "shop", Role: fleet.RoleClient},
		{Name: "box", Role: fleet.RoleAgent, Queues: []string{"mail"}}, {Name: "clock", Role: fleet.RoleMover}, {Name: "root", Role: fleet.RoleAdmin},
	} {
		u.Password = password(u.Name)
		o.Users = append(o.Users, u)
	}
	return serveWith(t, o)
}

func password(user string) string {
	b := []byte(user)
	for i := range len(b) / 2 {
		b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
	}
	return string(b)
}

func as(t testing.TB, s *fleet.Server, user string) *fleet.Fleet {
	t.Helper()
	return dial(t, s, fleet.Options{User: user, Password: password(user)})
}

//brood:checks W138
func TestEachRoleCanDoItsWork(t *testing.T) {
	s := serveRoles(t)
	web, box, root := as(t, s, "web"), as(t, s, "box"), as(t, s, "root")
	rec := newRecorder()
	agent(t, box, 1, fleet.AgentOptions{Name: "one", Queues: queues("mail"), OnEvent: rec.on, MaxAttempts: 2})

	var text string
	for _, j := range []job{{Echo: "x", Says: []int{1}}, {Echo: strings.Repeat("x", 100<<10)}} {
		require.NoError(t, submit(t, web, "mail", j, nil).Wait(ctx(t), &text))
		require.Equal(t, j.Echo, text)
	}
	later := submit(t, web, "mail", job{}, &fleet.JobOptions{ID: "later", Delay: time.Millisecond})
	require.NoError(t, later.Wait(ctx(t), nil))
	_, err := web.Submit(ctx(t), "mail", job{}, &fleet.JobOptions{ID: "later"})
	require.ErrorIs(t, err, fleet.ErrAlreadyDone)
	hangs := submit(t, web, "mail", job{Hang: true}, nil)
	stop, err := hangs.Progress(func(json.RawMessage) {})
	require.NoError(t, err)
	stop()
	require.NoError(t, hangs.Cancel(ctx(t), "enough"))
	require.ErrorIs(t, hangs.Wait(ctx(t), nil), fleet.ErrCancelled)
	fails := submit(t, web, "mail", job{Fail: "no"}, &fleet.JobOptions{ID: "fails"})
	require.Error(t, fails.Wait(ctx(t), nil))
	info, err := fails.Info(ctx(t))
	require.NoError(t, err)
	require.Equal(t, fleet.StateDead, info.State)

	dead, err := root.Dead(ctx(t), "", 0)
	require.NoError(t, err)
	require.Len(t, dead, 1)
	require.Equal(t, "web.fails", dead[0].ID)
	_, err = root.Requeue(ctx(t), "web.fails")
	require.NoError(t, err)
	rec.next(t, fleet.EventDead)
	rec.next(t, fleet.EventDead)
	all, err := root.Agents(ctx(t), 0)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.NoError(t, root.Pause(ctx(t), "mail", time.Hour))
	require.NoError(t, root.Resume(ctx(t), "mail"))
	m, err := as(t, s, "clock").Mover()
	require.NoError(t, err)
	m.Close()
	require.NoError(t, root.DrainAgent(ctx(t), "one", 0))
}

//brood:checks W138
func TestNoRoleCanDoWhatItMustNot(t *testing.T) {
	s := serveRoles(t)
	web, box := as(t, s, "web"), as(t, s, "box")
	shop := as(t, s, "shop")
	submit(t, shop, "mail", job{}, &fleet.JobOptions{ID: "a"})
	short := func() context.Context {
		c, cancel := context.WithTimeout(ctx(t), time.Minute)
		t.Cleanup(cancel)
		return c
	}
	for name, try := range map[string]func() error{
		"client: another queue":      func() error { _, err := web.Submit(short(), "bank", 1, nil); return err },
		"client: another's result":   func() error { return web.Await("shop.a").Wait(short(), nil) },
		"client: cancel another's":   func() error { return web.Await("shop.a").Cancel(short(), "") },
		"client: another's progress": func() error { _, err := web.Await("shop.a").Info(short()); return err },
		"client: listen to another's": func() error {
			_, err := web.Await("shop.a").Progress(func(json.RawMessage) {})
			return err
		},
		"client: set up":         func() error { return web.Setup(short(), quick("mail")) },
		"client: a queue":        func() error { return web.AddQueue(short(), "mine", nil) },
		"client: pause":          func() error { return web.Pause(short(), "mail", time.Hour) },
		"client: the dead":       func() error { _, err := web.Dead(short(), "", 0); return err },
		"client: drain an agent": func() error { return web.DrainAgent(short(), "one", 0) },
		"client: agents":         func() error { _, err := web.Agents(short(), time.Minute); return err },
		"client: requeue":        func() error { _, err := web.Requeue(short(), "shop.a"); return err },
		"client: be a mover":     func() error { _, err := web.Mover(); return err },
		"agent: submit":          func() error { _, err := box.Submit(short(), "mail", 1, nil); return err },
		"agent: cancel":          func() error { return box.Await("shop.a").Cancel(short(), "") },
		"agent: pause":           func() error { return box.Pause(short(), "mail", time.Hour) },
		"agent: set up":          func() error { return box.Setup(short(), quick("mail")) },
		"agent: drain an agent":  func() error { return box.DrainAgent(short(), "one", 0) },
		"mover: cancel":          func() error { return as(t, s, "clock").Await("shop.a").Cancel(short(), "") },
		"agent: of another queue": func() error {
			l, p := newPool(t, poolOptions(1))
			_, err := box.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("bank")})
			return err
		},
		"client: be an agent": func() error {
			l, p := newPool(t, poolOptions(1))
			_, err := web.Agent(p, &fleet.AgentOptions{Loop: l, Queues: queues("mail")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, try(), fleet.ErrPermission)
		})
	}
}

// The clients use the protocol itself, because this package would not even try.
//
//brood:checks W138
func TestTheServerRefusesAProgramThatDoesNotUseThisPackage(t *testing.T) {
	s := serveRoles(t)
	submit(t, as(t, s, "shop"), "mail", job{}, &fleet.JobOptions{ID: "a"})
	for user, subjects := range map[string][]string{
		"web": {
			"fleet.job.mail.shop.x", "fleet.job.bank.web.x", "fleet.later.bank.web.x", "fleet.later.mail.shop.x", "fleet.clock.at.mail.web.x",
			"fleet.clock.due.mail.web.x", "fleet.res.web.a", "fleet.dead.web.a", "fleet.done.web.a", "fleet.evt.web.a", "fleet.ctl.cancel.web.a",
			"fleet.ctl.drain.one", "$KV.fleet_cancel.shop.a", "$KV.fleet_try.web.a", "$JS.API.STREAM.PURGE.fleet_jobs",
			"$JS.API.STREAM.DELETE.fleet_jobs", "$JS.API.STREAM.MSG.GET.fleet_jobs", "$JS.API.DIRECT.GET.fleet_jobs",
			"$JS.API.DIRECT.GET.fleet_jobs.fleet.job.mail.shop.a", "$JS.API.DIRECT.GET.fleet_results.fleet.res.shop.a",
			"$JS.API.CONSUMER.MSG.NEXT.fleet_jobs.mail", "$JS.API.CONSUMER.CREATE.fleet_jobs.x.fleet.job.>", "$O.fleet_blob_shop.C.x",
			"$JS.API.STREAM.PURGE.OBJ_fleet_blob_shop", "$JS.API.CONSUMER.CREATE.OBJ_fleet_blob_web.x", "$O.fleet_answer_web.C.x", "$JS.ACK.fleet_jobs.mail.1.1.1.1.0", "_INBOX_shop.x", "$SRV.STATS",
		},
		"box": {
			"fleet.job.mail.shop.x", "fleet.later.mail.shop.x", "fleet.clock.at.mail.shop.x", "fleet.done.shop.a", "$KV.fleet_cancel.shop.a",
			"$JS.API.STREAM.PURGE.fleet_jobs", "$JS.API.STREAM.MSG.DELETE.fleet_jobs", "$JS.API.CONSUMER.MSG.NEXT.fleet_jobs.bank",
			"$JS.API.CONSUMER.CREATE.fleet_jobs.x.fleet.job.>", "$JS.API.CONSUMER.DELETE.fleet_jobs.mail", "$JS.API.CONSUMER.PAUSE.fleet_jobs.mail",
			"$JS.ACK.fleet_jobs.bank.1.1.1.1.0", "fleet.ctl.drain.one",
			"$JS.API.CONSUMER.CREATE.OBJ_fleet_blob_shop.x", "$JS.API.DIRECT.GET.fleet_jobs.fleet.job.mail.shop.a",
		},
		"clock": {"fleet.res.shop.a", "$KV.fleet_cancel.shop.a", "$JS.API.STREAM.PURGE.fleet_clock", "$JS.API.CONSUMER.MSG.NEXT.fleet_jobs.mail"},
	} {
		t.Run(user, func(t *testing.T) {
			refused := make(chan error, 10)
			nc, _ := raw(t, s, nats.UserInfo(user, password(user)), nats.CustomInboxPrefix("_INBOX_"+user),
				nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refused <- err }))
			for _, subject := range subjects {
				require.NoError(t, nc.Publish(subject, []byte("1")))
				select {
				case err := <-refused:
					require.ErrorIs(t, err, nats.ErrPermissionViolation, subject)
					require.ErrorContains(t, err, `"`+subject+`"`)
				case <-ctx(t).Done():
					require.Fail(t, "it may publish to "+subject)
				}
			}
			for _, subject := range []string{">", "_INBOX_shop.>", "_INBOX.>", "fleet.>", "fleet.done.shop.*", "fleet.job.>", "$JS.API.>"} {
				_, err := nc.SubscribeSync(subject)
				require.NoError(t, err)
				select {
				case err := <-refused:
					require.ErrorIs(t, err, nats.ErrPermissionViolation, subject)
				case <-ctx(t).Done():
					require.Fail(t, "it may subscribe to "+subject)
				}
			}
		})
	}
	// If the streams of clients allowed roll-ups, this would empty a stream for all clients.
	refuses := func(user, subject string) {
		nc, js := raw(t, s, nats.UserInfo(user, password(user)), nats.CustomInboxPrefix("_INBOX_"+user))
		msg := nats.NewMsg(subject)
		msg.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupAll)
		_, err := js.PublishMsg(ctx(t), msg)
		require.ErrorContains(t, err, "rollup", subject)
		nc.Close()
	}
	refuses("web", "fleet.job.mail.web.x")
	refuses("web", "fleet.later.mail.web.x")
	refuses("web", "$KV.fleet_cancel.web.x")
	// Large tombstones would take the room of those of others.
	_, js := raw(t, s, nats.UserInfo("web", password("web")), nats.CustomInboxPrefix("_INBOX_web"))
	_, err := js.Publish(ctx(t), "$KV.fleet_cancel.web.x", make([]byte, 8<<10))
	require.ErrorContains(t, err, "message size exceeds maximum allowed")
	refuses("box", "$KV.fleet_try.web.x")
	refuses("box", "fleet.res.web.x")
	refuses("box", "fleet.dead.web.x")
}

//brood:checks W138
func TestAServerThatGetsUsersKeepsItsJobs(t *testing.T) {
	dir := t.TempDir()
	s := serveWith(t, &fleet.ServerOptions{Dir: dir, Layout: quick("mail")})
	submit(t, dial(t, s, fleet.Options{Client: "web"}), "mail", job{Echo: 1}, &fleet.JobOptions{ID: "a"})
	s.Close()
	s = serveRolesIn(t, dir)
	submit(t, as(t, s, "web"), "mail", job{Echo: 2}, &fleet.JobOptions{ID: "b"})
	s.Close()
	s = serveRolesIn(t, dir)
	agent(t, as(t, s, "box"), 1, fleet.AgentOptions{Queues: queues("mail")})
	web := as(t, s, "web")
	for i, id := range []string{"a", "b"} {
		var n int
		require.NoError(t, web.Await(id).Wait(ctx(t), &n), id)
		require.Equal(t, i+1, n)
	}
}

//brood:checks W138
func TestChildrenGetNoCredentials(t *testing.T) {
	s := serveRoles(t)
	box := as(t, s, "box")
	agent(t, box, 1, fleet.AgentOptions{Queues: queues("mail")})
	var env []string
	require.NoError(t, submit(t, as(t, s, "web"), "mail", job{Env: true}, nil).Wait(ctx(t), &env))
	text := strings.Join(env, "\n")
	require.NotContains(t, text, password("box"))
	require.NotContains(t, text, s.URL())
}

// A server answers to the subject in the request, and a consumer delivers to the subject it names.
// A user without the right to publish there must not make the server do it.
//
//brood:checks W138
func TestAClientCannotHaveTheServerPublishForIt(t *testing.T) {
	s := serveRoles(t)
	root := as(t, s, "root")
	agent(t, as(t, s, "box"), 1, fleet.AgentOptions{Name: "one", Queues: queues("mail")})
	require.NoError(t, root.Pause(ctx(t), "mail", time.Hour))
	held := submit(t, as(t, s, "shop"), "mail", job{Echo: 1}, &fleet.JobOptions{ID: "held"})

	nc, _ := raw(t, s, nats.UserInfo("web", password("web")), nats.CustomInboxPrefix("_INBOX_web"),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	mine := nats.NewMsg("fleet.job.mail.web.mine")
	mine.Header.Set("Fleet-State", "done")
	mine.Data = []byte("0s") // The body of a drain request.
	_, err := nc.RequestMsgWithContext(ctx(t), mine)
	require.NoError(t, err)
	for _, subject := range []string{
		"fleet.res.shop.held", "fleet.dead.shop.held", "fleet.done.shop.held", "fleet.job.bank.shop.x", "fleet.ctl.drain.one", "$KV.fleet_cancel.shop.held",
	} {
		require.NoError(t, nc.PublishRequest("$JS.API.DIRECT.GET.fleet_jobs.fleet.job.mail.web.mine", subject, nil))
		require.NoError(t, nc.PublishRequest("fleet.job.mail.web.other", subject, []byte("1")))
	}
	// The answers to these requests come after those to the earlier ones.
	for range 2 {
		_, err = nc.RequestWithContext(ctx(t), "$JS.API.DIRECT.GET.fleet_jobs.fleet.job.mail.web.mine", nil)
		require.NoError(t, err)
	}
	all, err := root.Agents(ctx(t), 0)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, "healthy", all[0].Health)
	info, err := root.Queue(ctx(t), "bank")
	require.NoError(t, err)
	require.Zero(t, info.Waiting)
	require.NoError(t, root.Resume(ctx(t), "mail"))
	var n int
	require.NoError(t, held.Wait(ctx(t), &n))
	require.Equal(t, 1, n)
}

// The server drops a message with a recent Nats-Msg-Id, whichever client sent that.
//
//brood:checks W138
func TestAClientCannotTakeTheIDsOfAnother(t *testing.T) {
	s := serveRoles(t)
	agent(t, as(t, s, "box"), 1, fleet.AgentOptions{Queues: queues("mail")})
	_, js := raw(t, s, nats.UserInfo("web", password("web")), nats.CustomInboxPrefix("_INBOX_web"))
	for i, id := range []string{"shop.a", "shop.b", "shop.c-1", "shop.c-2"} {
		for _, subject := range []string{"fleet.job.mail.web.", "fleet.later.mail.web."} {
			msg := nats.NewMsg(subject + string(rune('a'+i)))
			msg.Data = []byte(`{}`)
			msg.Header.Set("Nats-Msg-Id", id)
			msg.Header.Set("Fleet-Due", "@at 2100-01-01T00:00:00Z")
			_, err := js.PublishMsg(ctx(t), msg)
			require.NoError(t, err, subject)
		}
	}
	shop := as(t, s, "shop")
	require.NoError(t, submit(t, shop, "mail", job{}, &fleet.JobOptions{ID: "a"}).Wait(ctx(t), nil))
	require.NoError(t, submit(t, shop, "mail", job{}, &fleet.JobOptions{ID: "b", Delay: time.Millisecond}).Wait(ctx(t), nil))
	again := as(t, s, "shop")
	_, err := again.Submit(ctx(t), "mail", job{}, &fleet.JobOptions{ID: "a"})
	require.ErrorIs(t, err, fleet.ErrAlreadyDone)
}

func TestAPortThatIsTakenIsAnErrorAtOnce(t *testing.T) {
	first := serve(t, quick("mail"))
	port, err := strconv.Atoi(first.URL()[strings.LastIndex(first.URL(), ":")+1:])
	require.NoError(t, err)
	_, err = fleet.Serve(&fleet.ServerOptions{Dir: t.TempDir(), Port: port})
	require.ErrorIs(t, err, fleet.ErrUnavailable)
	require.ErrorContains(t, err, "address already in use")
}
