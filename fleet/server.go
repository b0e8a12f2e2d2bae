package fleet

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// ServerOptions are how a server is run.
type ServerOptions struct {
	// Dir is where jobs and results are kept. It is made if it is not there, for this user alone.
	// One process has it.
	Dir string

	// Host is the address to listen on. "": 127.0.0.1. Others than those of loopback need TLS and
	// Users.
	Host string

	// Port is the port to listen on. 0: one that is free, see Server.URL; negative: none, only
	// programs with Options.Server connect.
	Port int

	// TLS is the server's side of TLS. Nil: none.
	TLS *tls.Config

	// Users are those who may connect. Nil: everybody who can reach the address, with the rights of
	// RoleAdmin.
	Users []User

	// Name is that of the fleet, see Options.Name.
	Name string

	// Layout is how its streams are kept.
	Layout *Layout

	// MaxStore bounds what is stored in Dir, in bytes. 0: three quarters of what is free there, as
	// the server has it.
	MaxStore int64

	// Logger gets the server's warnings and errors. Nil: silent.
	Logger *slog.Logger

	maxPayload int32 // for tests; 0: the server's
}

// A User is somebody who may connect.
type User struct {
	Name, Password string // the password as it is, or its bcrypt hash
	Role           Role
	Queues         []string // of a client or an agent; nil: all
}

// A Server is a NATS server in this program, with the streams of a fleet and a mover. All that it
// acknowledges is on the disk: it syncs each write. Its methods are safe to call from any
// goroutine.
type Server struct {
	nats      *server.Server
	lock      *lock
	fleet     *Fleet
	mover     *Mover
	closeOnce sync.Once
}

// startTimeout bounds how long a server reads what it has stored. It only ends what hangs.
const startTimeout = 2 * time.Minute

// Serve starts a server. The caller must Close it. It fails with an *OptionError, ErrLocked, or an
// *OpError.
func Serve(o *ServerOptions) (*Server, error) {
	if o == nil {
		o = &ServerOptions{}
	}
	options, secret, layout, err := o.natsOptions()
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if err := s.start(o, options, secret, layout); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(o *ServerOptions, options *server.Options, secret string, layout *Layout) (err error) {
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return &OpError{"serve", o.Dir, err}
	}
	if s.lock, err = lockDir(o.Dir); err != nil {
		return err
	}
	if s.nats, err = server.NewServer(options); err != nil {
		return &OpError{"serve", o.Dir, err}
	}
	log := &serverLog{logger: o.Logger}
	s.nats.SetLogger(log, false, false)
	// The server starts goroutines of its own. Close ends them and waits.
	s.nats.Start()
	if !s.nats.ReadyForConnections(startTimeout) || !s.nats.JetStreamEnabled() {
		return &OpError{"serve", o.Dir, errors.Join(ErrUnavailable, log.err())}
	}
	// Where there are other accounts it is not enabled by itself.
	if err := s.nats.GlobalAccount().EnableJetStream(nil, nil); err != nil {
		return &OpError{"serve", o.Dir, err}
	}
	dial := &Options{Server: s, Name: o.Name, Client: internalUser, Setup: layout, Logger: o.Logger}
	if secret != "" {
		dial.User, dial.Password = internalUser, secret
	}
	if s.fleet, err = Dial(dial); err != nil {
		return err
	}
	if s.mover, err = s.fleet.Mover(); err != nil || o.Port < 0 {
		return err
	}
	if s.nats.AcceptLoop(make(chan struct{})); s.URL() == "" {
		return &OpError{"serve", options.Host, errors.Join(ErrUnavailable, log.err())}
	}
	return nil
}

// internalUser is the server's own. It has another secret each time.
const internalUser = "fleet-internal"

// natsOptions makes the options of the NATS server. secret is that of its own user, "" without
// users.
func (o *ServerOptions) natsOptions() (options *server.Options, secret string, layout *Layout, err error) {
	if o.Dir == "" {
		return nil, "", nil, &OptionError{"ServerOptions.Dir", "it is empty"}
	}
	if o.MaxStore < 0 {
		return nil, "", nil, &OptionError{"ServerOptions.MaxStore", "it is negative"}
	}
	host := o.Host
	if host == "" {
		host = "127.0.0.1"
	}
	local, err := isLoopback(host)
	switch {
	case err != nil:
		return nil, "", nil, &OptionError{"ServerOptions.Host", err.Error()}
	case !local && o.TLS == nil:
		return nil, "", nil, &OptionError{"ServerOptions.TLS", "an address that is not loopback needs it"}
	case !local && len(o.Users) == 0:
		return nil, "", nil, &OptionError{"ServerOptions.Users", "an address that is not loopback needs some"}
	case o.Port > 65535:
		return nil, "", nil, &OptionError{"ServerOptions.Port", "there is no such port"}
	}
	l, err := o.Layout.withDefaults()
	if err != nil {
		return nil, "", nil, err
	}
	options = &server.Options{
		ServerName: "fleet-" + newID(), Host: host, Port: o.Port,
		DontListen: true, // until all is there
		JetStream:  true, StoreDir: o.Dir, SyncAlways: true, JetStreamMaxStore: o.MaxStore,
		NoSigs: true, DisableJetStreamBanner: true, MaxPayload: o.maxPayload, TLSConfig: o.TLS, TLS: o.TLS != nil,
		TLSTimeout: 5, AuthTimeout: 5,
	}
	if o.Port == 0 {
		options.Port = server.RANDOM_PORT
	}
	secret, err = o.addUsers(options, &l)
	return options, secret, &l, err
}

// addUsers adds the users to options, and their buckets to the layout.
//
// Each client has an account of its own, with its subjects and nothing else: an answer goes to the
// account that has asked. In the same account a server would send it to any subject that the client
// asks it to, permitted or not.
func (o *ServerOptions) addUsers(options *server.Options, l *Layout) (secret string, err error) {
	if len(o.Users) == 0 {
		return "", nil
	}
	seen := map[string]bool{internalUser: true}
	for _, u := range o.Users {
		switch {
		case seen[u.Name]:
			return "", &OptionError{"ServerOptions.Users", "the name " + strconv.Quote(u.Name) + " is not free"}
		case u.Password == "":
			return "", &OptionError{"ServerOptions.Users", u.Name + " has no password"}
		}
		seen[u.Name] = true
		if u.Role == RoleClient || u.Role == RoleAdmin {
			l.Clients = append(l.Clients, u.Name)
		}
	}
	secret = newID() + newID()
	jobs := server.NewAccount(server.DEFAULT_GLOBAL_ACCOUNT)
	options.Accounts = append(options.Accounts, jobs)
	for _, u := range append([]User{{Name: internalUser, Password: secret, Role: RoleAdmin}}, o.Users...) {
		p, err := PermissionsFor(o.Name, u.Name, u.Role, u.Queues, l.Clients)
		if err != nil {
			return "", err
		}
		user := &server.User{Username: u.Name, Password: u.Password, Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Allow: p.Publish}, Subscribe: &server.SubjectPermission{Allow: p.Subscribe},
		}}
		if p.Responses {
			user.Permissions.Response = &server.ResponsePermission{MaxMsgs: 1, Expires: time.Minute}
		}
		if u.Role == RoleClient {
			if user.Account, err = clientAccount(jobs, u.Name, p); err != nil {
				return "", err
			}
			options.Accounts = append(options.Accounts, user.Account)
		}
		options.Users = append(options.Users, user)
	}
	return secret, nil
}

// clientAccount returns the account of a client, which has of the one with the jobs what the client
// may use.
func clientAccount(jobs *server.Account, client string, p *Permissions) (*server.Account, error) {
	a := server.NewAccount("client-" + client)
	for _, subject := range p.Publish {
		if err := errors.Join(jobs.AddServiceExport(subject, nil), a.AddServiceImport(jobs, subject, subject)); err != nil {
			return nil, err
		}
	}
	for _, subject := range p.Subscribe {
		if subject == inbox(client)+".>" {
			continue
		}
		if err := errors.Join(jobs.AddStreamExport(subject, nil), a.AddStreamImport(jobs, subject, "")); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// isLoopback reports whether only this machine reaches what listens on host.
func isLoopback(host string) (bool, error) {
	if host == "localhost" {
		return true, nil
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false, errors.New("it is no address")
	}
	return addr.Unmap().IsLoopback(), nil
}

// URL returns where clients connect, "" when the server does not listen.
func (s *Server) URL() string {
	addr, ok := s.nats.Addr().(*net.TCPAddr)
	if !ok || addr == nil {
		return ""
	}
	return "nats://" + addr.String()
}

// Close ends the server and waits until all of it has ended. Clients reconnect to the next one that
// has its directory and address.
func (s *Server) Close() {
	s.closeOnce.Do(func() {
		if s.mover != nil {
			s.mover.Close()
		}
		if s.fleet != nil {
			s.fleet.Close()
		}
		if s.nats != nil {
			s.nats.Shutdown()
			s.nats.WaitForShutdown()
		}
		if s.lock != nil {
			s.lock.release()
		}
	})
}

// serverLog passes on the warnings and errors of the server, and keeps the last.
type serverLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	last string
}

func (l *serverLog) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == "" {
		return nil
	}
	return errors.New(l.last)
}

func (l *serverLog) write(level slog.Level, format string, v []any) {
	text := strings.TrimSpace(fmt.Sprintf(format, v...))
	l.mu.Lock()
	l.last = text
	l.mu.Unlock()
	if l.logger != nil {
		l.logger.Log(context.Background(), level, "nats-server: "+text)
	}
}

// Noticef, Debugf and Tracef say nothing: they are of interest to those who work on the server.
func (l *serverLog) Noticef(string, ...any) {}

// Debugf is as Noticef.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef is as Noticef.
func (l *serverLog) Tracef(string, ...any) {}

// Warnf passes on a warning.
func (l *serverLog) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v) }

// Errorf passes on an error.
func (l *serverLog) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v) }

// Fatalf passes on an error after which the server does not start. Serve returns it.
func (l *serverLog) Fatalf(format string, v ...any) { l.write(slog.LevelError, format, v) }
