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

// Options configure a Fleet. A nil *Options means all defaults. Dial copies them.
type Options struct {
	// URL is the address of a server, or of several with commas between them. "":
	// nats://127.0.0.1:4222.
	URL string

	// Server, if not nil, is a server in this process to connect to; URL is then ignored.
	Server *Server

	// Name is the name of the fleet: the first token of its subjects and part of its streams'
	// names. "": "fleet".
	Name string

	// Client is the name under which this program submits jobs and results are stored. A program
	// that waits for jobs of its predecessor must have the same name. "": User, or else "default".
	Client string

	// User and Password are the credentials. Or Credentials is the path of a file with a JWT and a
	// seed (nats.go, UserCredentials). They stay in this process: children do not get them.
	User, Password string
	Credentials    string

	// TLS is the client's side of TLS. Nil: none, unless URL begins with tls://.
	TLS *tls.Config

	// Timeout bounds each call whose context has no deadline, and the time in which servers choose
	// a leader. 0: 10 seconds.
	Timeout time.Duration

	// MaxPayload bounds a job or result, in bytes of JSON. A job or result above the server's limit
	// for a message goes through the object store. 0: 64 MiB.
	MaxPayload int64

	// Setup, if not nil, creates the streams of the fleet. Otherwise they must exist.
	Setup *Layout

	// Logger gets errors that no call returns: lost connections, refused subjects. Nil: none.
	Logger *slog.Logger

	// NATS are further options of the connection, applied last. Handlers in them are called in
	// addition to those of the Fleet.
	NATS []nats.Option

	// atStep is called by agents and movers between the steps of a job. In tests programs die
	// there.
	atStep func(step string)
}

const (
	defaultName       = "fleet"
	defaultClient     = "default"
	defaultTimeout    = 10 * time.Second
	defaultMaxPayload = 64 << 20

	leastVersion = "2.12.0" // the first with message schedules

	reconnectWait   = 100 * time.Millisecond
	reconnectJitter = 100 * time.Millisecond
)

// A Fleet is a program's connection to the queues. Make one with Dial.
//
// A Fleet's methods are safe to call from any goroutine. Most wait for a server, so they must not
// be called on a loop goroutine.
type Fleet struct {
	// Set by Dial, never changed.
	o      Options // complete
	names  names
	secret []byte // see newSecret
	nc     *nats.Conn
	js     jetstream.JetStream

	refusals refusals
	news     news
	closed   chan struct{} // closed when the connection is closed for good
	closing  atomic.Bool   // Close has ended the agents

	mu     sync.Mutex
	agents map[*Agent]struct{} // agents that have not ended; nil: Close was called
}

// Dial connects to a fleet. The caller must Close it. The error wraps ErrUnavailable,
// ErrCredentials, ErrNoJetStream, ErrNotSetUp or ErrPermission, or it is a *VersionError or
// *OptionError. A Fleet that was connected once reconnects for ever.
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

// complete checks the options and fills in the defaults.
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
		// Nothing is buffered while the connection is lost: an acknowledgement that arrives late
		// would remove a job from the agent that has it by then. The caller knows whether to
		// repeat.
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

// handlers is the last option. It sets the handlers of the Fleet, which call those of the program.
func (f *Fleet) handlers(o *nats.Options) error {
	failed, reconnected, lost, closed := o.AsyncErrorCB, o.ReconnectedCB, o.DisconnectedErrCB, o.ClosedCB
	quietAfterClose := o.NoCallbacksAfterClientClose
	o.NoCallbacksAfterClientClose = false // Close waits for a callback.
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
		if lost != nil && !(quietAfterClose && f.closing.Load()) {
			lost(nc, err)
		}
	}
	o.ClosedCB = func(nc *nats.Conn) {
		if closed != nil && !(quietAfterClose && f.closing.Load()) {
			closed(nc)
		}
		close(f.closed)
	}
	return nil
}

// inbox returns the prefix of the subjects on which the user gets answers. Other users have no
// right to them.
func inbox(user string) string { return "_INBOX_" + user }

// check checks the server's version, and that JetStream and the streams are there.
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

// older compares versions such as 2.12.0-beta. A text that is no version is not older.
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

// Close ends the agents of this Fleet as Agent.Close does, then closes the connection. Waiting
// calls return ErrClosed. Queued jobs stay queued.
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

// asyncError handles an error that answers no call.
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
