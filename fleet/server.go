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

// ServerOptions configure Serve. Dir must be given.
type ServerOptions struct {
	// Dir is the directory for jobs and results. If it does not exist, it is created, for this user
	// only. One process at a time can use it.
	Dir string

	// Host is the address to listen on. "": 127.0.0.1. An address that is not loopback needs TLS
	// and Users.
	Host string

	// Port is the port to listen on. 0: a free one, see Server.URL; negative: none, so that only
	// programs with Options.Server connect.
	Port int

	// TLS is the server's side of TLS. Nil: no TLS.
	TLS *tls.Config

	// Users are the users that may connect. Nil: every program that can reach the address, with the
	// rights of RoleAdmin.
	Users []User

	// Name is the name of the fleet, see Options.Name.
	Name string

	// Layout configures the streams. Nil: all defaults.
	Layout *Layout

	// MaxStore bounds the bytes stored in Dir. 0: the default of nats-server, three quarters of the
	// free space.
	MaxStore int64

	// Logger gets the server's warnings and errors. Nil: none.
	Logger *slog.Logger

	maxPayload int32 // for tests; 0: nats-server's default
}

// A User may connect to a server.
type User struct {
	Name, Password string // Password is plain, or its bcrypt hash
	Role           Role
	Queues         []string // the queues of a client or an agent; nil: all
}

// A Server is a NATS server in this program, with the streams of a fleet and a mover. A
// job that it has acknowledged is on the disk, because it syncs each write. Make one with Serve.
//
// A Server's methods are safe to call from any goroutine.
type Server struct {
	// Set by Serve, in this order, and closed in reverse order; nil: Serve failed before.
	lock      *lock
	nats      *server.Server
	fleet     *Fleet
	mover     *Mover
	closeOnce sync.Once
}

// startTimeout bounds the time in which a server reads its stored data. It only ends a server that
// hangs.
const startTimeout = 2 * time.Minute

// Serve starts a server. The caller must Close it. The error is an *OptionError or an *OpError,
// which may wrap ErrLocked. Then nothing is left running.
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

// start starts the server. If it fails, the caller must Close s.
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
	// The server starts goroutines of its own. Close ends them and waits for them.
	s.nats.Start()
	if !s.nats.ReadyForConnections(startTimeout) || !s.nats.JetStreamEnabled() {
		return &OpError{"serve", o.Dir, errors.Join(ErrUnavailable, log.err())}
	}
	// With accounts JetStream is not enabled by default.
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

// internalUser is the name of the server's own user. Its password is new each time.
const internalUser = "fleet-internal"

// natsOptions returns the options of the NATS server, the password of its own user ("" without
// users), and the complete layout.
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
		DontListen: true, // Serve listens when everything is ready.
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

// addUsers adds the users to options, and their buckets to the layout. It returns the password of
// the server's own user.
//
// Each client has an account of its own with only its own subjects, because an answer goes to the
// account that asked. Within one account a server would send an answer to any subject that the
// client names, permitted or not.
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

// clientAccount returns an account for a client. It imports from the account of the jobs the
// subjects in p.
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

// isLoopback reports whether only this machine can reach host.
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

// URL returns the address for clients, "" if the server does not listen.
func (s *Server) URL() string {
	addr, ok := s.nats.Addr().(*net.TCPAddr)
	if !ok || addr == nil {
		return ""
	}
	return "nats://" + addr.String()
}

// Close ends the server and returns when it has ended. Clients reconnect to the next server with
// this address; it finds the jobs if it has the same Dir.
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

// serverLog passes the server's warnings and errors on to a Logger, and keeps the latest.
type serverLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	last string
}

// err returns the latest line, nil if there is none.
func (l *serverLog) err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == "" {
		return nil
	}
	return errors.New(l.last)
}

// write logs a line and keeps it for err.
func (l *serverLog) write(level slog.Level, format string, v []any) {
	text := strings.TrimSpace(fmt.Sprintf(format, v...))
	l.mu.Lock()
	l.last = text
	l.mu.Unlock()
	if l.logger != nil {
		l.logger.Log(context.Background(), level, "nats-server: "+text)
	}
}

// Noticef, Debugf and Tracef drop lines that matter only to developers of the server.
func (l *serverLog) Noticef(string, ...any) {}

// Debugf drops the line.
func (l *serverLog) Debugf(string, ...any) {}

// Tracef drops the line.
func (l *serverLog) Tracef(string, ...any) {}

// Warnf passes a warning on.
func (l *serverLog) Warnf(format string, v ...any) { l.write(slog.LevelWarn, format, v) }

// Errorf passes an error on.
func (l *serverLog) Errorf(format string, v ...any) { l.write(slog.LevelError, format, v) }

// Fatalf passes on an error that keeps the server from starting. Serve returns it.
func (l *serverLog) Fatalf(format string, v ...any) { l.write(slog.LevelError, format, v) }
