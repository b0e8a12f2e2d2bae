package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options are how a program takes part in a fleet.
type Options struct {
	// URL is that of a server, or of several with commas between them. "": nats://127.0.0.1:4222.
	URL string

	// Server, if not nil, is connected to within this process, and URL is not used.
	Server *Server

	// Name is that of the fleet: the first token of its subjects and part of the names of its
	// streams. "": "fleet".
	Name string

	// Client is the name under which this program submits jobs. Results are stored under it, so a
	// program that waits for a job of its predecessor has the same name. "": User, or "default"
	// without one.
	Client string

	// User and Password are the credentials, or Credentials is the path of a file with a JWT and a
	// seed (nats.go, UserCredentials). They stay in this process: children do not get them.
	User, Password string
	Credentials    string

	// TLS is the client's side of TLS. Nil: none, unless URL says tls://.
	TLS *tls.Config

	// Timeout bounds each call whose context has no deadline, and is how long servers may take to
	// choose leaders. 0: 10 seconds.
	Timeout time.Duration

	// MaxPayload is the largest job or result, in bytes of JSON. What is over the server's limit
	// for a message goes through the object store. 0: 64 MiB.
	MaxPayload int64

	// Setup, if not nil, makes the streams of the fleet. Otherwise they must be there.
	Setup *Layout

	// Logger gets what nobody waits for: lost connections, subjects that were refused. Nil: silent.
	Logger *slog.Logger

	// NATS are further options of the connection, applied last. Handlers that are set here are
	// called beside those of the Fleet.
	NATS []nats.Option

	// atStep is called by agents and movers between the steps of a job: in tests programs die
	// there.
	atStep func(step string)
}

const (
	defaultName       = "fleet"
	defaultClient     = "default"
	defaultTimeout    = 10 * time.Second
	defaultMaxPayload = 64 << 20

	leastVersion = "2.12.0" // with message schedules

	reconnectWait   = 100 * time.Millisecond
	reconnectJitter = 100 * time.Millisecond
)

// A Fleet is a program's connection to the queues. Make one with Dial; the zero value is not
// usable.
//
// All methods are safe to call from any goroutine. Most wait for a server, so they must not be
// called on the goroutine of a loop: the loop would stand still.
type Fleet struct {
	o     Options
	names names
	nc    *nats.Conn

	secret []byte // see messageID
	js     jetstream.JetStream

	refusals refusals
	news     news
	closed   chan struct{} // closed when the connection is closed for good
	closing  atomic.Bool   // Close was called

	mu     sync.Mutex
	agents map[*Agent]struct{} // those that Close ends; nil: it has begun
}

// Dial connects to a fleet. The caller must Close it. It fails with ErrUnavailable, ErrCredentials,
// ErrNoJetStream, ErrNotSetUp, ErrPermission, a *VersionError or an *OptionError. Once it is
// connected it reconnects for ever.
func Dial(o *Options) (*Fleet, error) {
	f := &Fleet{closed: make(chan struct{}), agents: map[*Agent]struct{}{}}
	if o != nil {
		f.o = *o
	}
	if err := f.o.complete(); err != nil {
		return nil, err
	}
	f.names = names{f.o.Name}
	var err error
	if f.secret, err = newSecret(&f.o); err != nil {
		return nil, err
	}
	f.news.init(f)
	nc, err := f.connect()
	if err != nil {
		return nil, err
	}
	f.nc = nc
	f.js, err = jetstream.New(nc, jetstream.WithDefaultTimeout(f.o.Timeout))
	if err == nil {
		err = f.check()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (o *Options) complete() error {
	if o.Name == "" {
		o.Name = defaultName
	}
	if o.Client == "" {
		o.Client = o.User
	}
	if o.Client == "" {
		o.Client = defaultClient
	}
	if o.URL == "" {
		o.URL = nats.DefaultURL
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = defaultMaxPayload
	}
	switch {
	case o.Timeout < 0:
		return &OptionError{"Options.Timeout", "it is negative"}
	case o.MaxPayload < 0:
		return &OptionError{"Options.MaxPayload", "it is negative"}
	case o.Credentials != "" && o.User != "":
		return &OptionError{"Options.Credentials", "there is a User, too"}
	}
	if err := checkToken("Options.Name", o.Name); err != nil {
		return err
	}
	return checkToken("Options.Client", o.Client)
}

func (f *Fleet) connect() (*nats.Conn, error) {
	options := []nats.Option{
		nats.Name(f.o.Name + " " + f.o.Client),
		nats.Timeout(f.o.Timeout),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(reconnectWait),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		// What was said before a connection was lost is said again, or not, by whoever knows
		// whether it still holds: an acknowledgement that arrives late removes a job under the
		// agent that has it by then.
		nats.ReconnectBufSize(-1),
		nats.PingInterval(10 * time.Second),
		nats.MaxPingsOutstanding(2),
	}
	url, where := f.o.URL, f.o.URL
	if f.o.Server != nil {
		url, where = "", "in this process"
		options = append(options, nats.InProcessServer(f.o.Server.nats))
	}
	if f.o.User != "" {
		options = append(options, nats.UserInfo(f.o.User, f.o.Password), nats.CustomInboxPrefix(inbox(f.o.User)))
	}
	if f.o.Credentials != "" {
		options = append(options, nats.UserCredentials(f.o.Credentials))
	}
	if f.o.TLS != nil {
		options = append(options, nats.Secure(f.o.TLS))
	}
	nc, err := nats.Connect(url, append(append(options, f.o.NATS...), f.handlers)...)
	switch {
	case err == nil:
		return nc, nil
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return nil, &OpError{"connect", where, errors.Join(ErrCredentials, err)}
	}
	return nil, &OpError{"connect", where, errors.Join(ErrUnavailable, err)}
}

// handlers is the last option: what the program wants to be told it is told, too.
func (f *Fleet) handlers(o *nats.Options) error {
	failed, reconnected, lost, closed := o.AsyncErrorCB, o.ReconnectedCB, o.DisconnectedErrCB, o.ClosedCB
	silent := o.NoCallbacksAfterClientClose
	o.NoCallbacksAfterClientClose = false // Close waits for one.
	o.AsyncErrorCB = func(nc *nats.Conn, sub *nats.Subscription, err error) {
		f.asyncError(err)
		if failed != nil {
			failed(nc, sub, err)
		}
	}
	o.ReconnectedCB = func(nc *nats.Conn) {
		f.news.wakeAll()
		if reconnected != nil {
			reconnected(nc)
		}
	}
	o.DisconnectedErrCB = func(nc *nats.Conn, err error) {
		f.log("lost the connection", err)
		if lost != nil && !(silent && f.closing.Load()) {
			lost(nc, err)
		}
	}
	o.ClosedCB = func(nc *nats.Conn) {
		if closed != nil && !(silent && f.closing.Load()) {
			closed(nc)
		}
		close(f.closed)
	}
	return nil
}

// inbox is the prefix of the subjects on which a user gets answers. Another user has no right to
// them.
func inbox(user string) string { return "_INBOX_" + user }

// check asks whether the server can do what a fleet needs, and has it.
func (f *Fleet) check() error {
	if v := f.nc.ConnectedServerVersion(); older(v, leastVersion) {
		return &VersionError{v, leastVersion}
	}
	ctx, cancel := context.WithTimeout(context.Background(), f.o.Timeout)
	defer cancel()
	if err := f.admin(ctx, "look for", "JetStream", func(ctx context.Context) error {
		_, err := f.js.AccountInfo(ctx)
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) {
			return ErrNoJetStream
		}
		return err
	}); err != nil {
		return err
	}
	if f.o.Setup != nil {
		return f.Setup(ctx, f.o.Setup)
	}
	return f.admin(ctx, "look for", f.names.jobs(), func(ctx context.Context) error {
		_, err := f.js.Stream(ctx, f.names.jobs())
		return err
	})
}

// older compares versions such as 2.12.0-beta. What is no version is not older.
func older(version, least string) bool {
	for {
		a, restA, _ := strings.Cut(version, ".")
		b, restB, _ := strings.Cut(least, ".")
		a, _, _ = strings.Cut(a, "-")
		x, errX := strconv.Atoi(a)
		y, errY := strconv.Atoi(b)
		if errX != nil || errY != nil || x != y {
			return errX == nil && errY == nil && x < y
		}
		version, least = restA, restB
	}
}

func (f *Fleet) step(name string) {
	if f.o.atStep != nil {
		f.o.atStep(name)
	}
}

// Client returns the name under which this program submits jobs.
func (f *Fleet) Client() string { return f.o.Client }

// Close ends the agents of this Fleet, without letting their jobs finish, and the connection. Calls
// that wait return ErrClosed. What is queued stays queued.
func (f *Fleet) Close() {
	f.mu.Lock()
	agents := make([]*Agent, 0, len(f.agents))
	for a := range f.agents {
		agents = append(agents, a)
	}
	f.agents = nil
	f.mu.Unlock()
	for _, a := range agents {
		a.Close()
	}
	f.closing.Store(true)
	f.nc.Close()
	<-f.closed
}

func (f *Fleet) asyncError(err error) {
	if subject := refusedSubject(err); subject != "" {
		f.refusals.refuse(subject, err)
	}
	f.log("the server reports", err)
}

func (f *Fleet) log(text string, err error) {
	if f.o.Logger != nil && err != nil {
		f.o.Logger.Warn("fleet: "+text, "error", err, "client", f.o.Client)
	}
}
