package fleet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/fleet"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// serverConfig configures a server in a process of its own.
type serverConfig struct {
	Dir  string
	Port int
}

func init() {
	// server serves a directory on a port until its stdin ends. It prints its URL.
	helperproc.Register("server", func(args []string) {
		var c serverConfig
		if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
			panic(err)
		}
		s, err := fleet.Serve(&fleet.ServerOptions{Dir: c.Dir, Port: c.Port, Layout: quick("mail")})
		if err != nil {
			fmt.Fprintln(os.Stderr, "server:", err)
			helperproc.Exit(1)
		}
		fmt.Println("ready", s.URL())
		if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
			panic(err)
		}
		s.Close()
	})
}

// startServer starts a server in a process of its own.
func startServer(t testing.TB, dir string, port int) *process {
	t.Helper()
	text, err := json.Marshal(&serverConfig{dir, port})
	require.NoError(t, err)
	file, argv := helperproc.Command("server", string(text))
	return startProcess(t, exec.Command(file, argv...))
}

// freePort returns a port without a listener.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

//brood:checks W137
func TestOneProcessHasADirectory(t *testing.T) {
	dir := t.TempDir()
	s := serveWith(t, &fleet.ServerOptions{Dir: dir})
	_, err := fleet.Serve(&fleet.ServerOptions{Dir: dir})
	require.ErrorIs(t, err, fleet.ErrLocked, "in this process")
	text, err := json.Marshal(&serverConfig{Dir: dir})
	require.NoError(t, err)
	file, argv := helperproc.Command("server", string(text))
	out, err := exec.Command(file, argv...).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "another process uses the directory")
	s.Close()
	serveWith(t, &fleet.ServerOptions{Dir: dir}).Close()
}

//brood:checks W137
func TestEachWriteIsSynced(t *testing.T) {
	require.True(t, fleet.SyncsAlways(serve(t, quick("mail"))))
}

//brood:checks W137
func TestAcknowledgedDataOutlivesASIGKILLOfTheServer(t *testing.T) {
	t.Parallel()
	dir, port := t.TempDir(), freePort(t)
	victim := startServer(t, dir, port)
	url := fmt.Sprintf("nats://127.0.0.1:%d", port)
	f, err := fleet.Dial(&fleet.Options{URL: url})
	require.NoError(t, err)
	defer f.Close()
	rec := newRecorder()
	agent(t, f, 2, fleet.AgentOptions{Queues: queues("mail"), OnEvent: rec.on})
	g := newGate(t)
	held := submit(t, f, "mail", job{Held: g.path, Echo: -1}, nil)
	rec.next(t, fleet.EventStarted)
	var all []*fleet.Job
	for i := range 20 {
		all = append(all, submit(t, f, "mail", job{Echo: i}, nil))
	}
	rec.next(t, fleet.EventDone)
	victim.kill()
	next := startServer(t, dir, port)
	for i, j := range all {
		var n int
		require.NoError(t, j.Wait(ctx(t), &n))
		require.Equal(t, i, n)
	}
	g.open()
	require.NoError(t, held.Wait(ctx(t), nil))
	next.drain()
}

//brood:checks W138
func TestBeyondLoopbackOnlyWithTLSAndUsers(t *testing.T) {
	users := []fleet.User{{Name: "a", Password: "b", Role: fleet.RoleClient}}
	for name, c := range map[string]struct {
		o    fleet.ServerOptions
		want string
	}{
		"no directory":  {fleet.ServerOptions{}, "ServerOptions.Dir"},
		"all addresses": {fleet.ServerOptions{Dir: "x", Host: "0.0.0.0"}, "ServerOptions.TLS"},
		"all of IPv6":   {fleet.ServerOptions{Dir: "x", Host: "::"}, "ServerOptions.TLS"},
		"an address":    {fleet.ServerOptions{Dir: "x", Host: "192.0.2.1", Users: users}, "ServerOptions.TLS"},
		"TLS alone":     {fleet.ServerOptions{Dir: "x", Host: "0.0.0.0", TLS: &tls.Config{}}, "ServerOptions.Users"},
		"a name":        {fleet.ServerOptions{Dir: "x", Host: "example.com"}, "ServerOptions.Host"},
		"a port":        {fleet.ServerOptions{Dir: "x", Port: 70000}, "ServerOptions.Port"},
		"no password":   {fleet.ServerOptions{Dir: "x", Users: []fleet.User{{Name: "a", Role: fleet.RoleClient}}}, "ServerOptions.Users"},
		"same name":     {fleet.ServerOptions{Dir: "x", Users: append(users, users...)}, "ServerOptions.Users"},
		"no role":       {fleet.ServerOptions{Dir: "x", Users: []fleet.User{{Name: "a", Password: "b"}}}, "role"},
		"queue":         {fleet.ServerOptions{Dir: "x", Users: []fleet.User{{Name: "a", Password: "b", Role: fleet.RoleClient, Queues: []string{">"}}}}, "queue or client"},
		"layout":        {fleet.ServerOptions{Dir: "x", Layout: &fleet.Layout{Replicas: 6}}, "Layout.Replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := fleet.Serve(&c.o)
			o, ok := errors.AsType[*fleet.OptionError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.want, o.Option)
		})
	}
}

// certificate returns the server's and the client's side of TLS for 127.0.0.1.
func certificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fleet"}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	require.NoError(t, err)
	cert, err = x509.ParseCertificate(der)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

//brood:checks W138
func TestOverTLSWithCredentials(t *testing.T) {
	server, client := certificate(t)
	s := serveWith(t, &fleet.ServerOptions{
		Host: "0.0.0.0", TLS: server, Layout: quick("mail"), Users: []fleet.User{
			{Name: "web", Password: "w", Role: fleet.RoleClient}, {Name: "box", Password: "b", Role: fleet.RoleAgent, Queues: []string{"mail"}},
		},
	})
	_, port, err := net.SplitHostPort(s.URL()[len("nats://"):])
	require.NoError(t, err)
	url := "nats://127.0.0.1:" + port
	_, err = fleet.Dial(&fleet.Options{URL: url, User: "web", Password: "wrong", TLS: client})
	require.ErrorIs(t, err, fleet.ErrCredentials)
	_, err = fleet.Dial(&fleet.Options{URL: url, TLS: client})
	require.ErrorIs(t, err, fleet.ErrCredentials)
	_, err = fleet.Dial(&fleet.Options{URL: url, User: "web", Password: "w", TLS: &tls.Config{MinVersion: tls.VersionTLS12}})
	require.ErrorIs(t, err, fleet.ErrUnavailable, "the certificate is nobody's that it knows")

	web, err := fleet.Dial(&fleet.Options{URL: url, User: "web", Password: "w", TLS: client})
	require.NoError(t, err)
	defer web.Close()
	box, err := fleet.Dial(&fleet.Options{URL: url, User: "box", Password: "b", TLS: client})
	require.NoError(t, err)
	defer box.Close()
	agent(t, box, 1, fleet.AgentOptions{Queues: queues("mail")})
	j := submit(t, web, "mail", job{Env: true}, nil)
	var env []string
	require.NoError(t, j.Wait(ctx(t), &env))
	require.NotEmpty(t, env)
}

// serveSmall starts a server with messages of at most 64 KiB.
func serveSmall(t testing.TB) *fleet.Server {
	t.Helper()
	o := &fleet.ServerOptions{Layout: quick("mail")}
	fleet.MaxPayload(o, 64<<10)
	return serveWith(t, o)
}

//brood:checks W139
func TestPayloadsOverTheServersLimitGoThroughTheObjectStore(t *testing.T) {
	s := serveSmall(t)
	f := dial(t, s, fleet.Options{MaxPayload: 256 << 10})
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail"), MaxAttempts: 1})
	const size = 100 << 10
	for name, work := range map[string]job{"result": {Size: size}, "both": {Echo: strings.Repeat("y", size)}} {
		j := submit(t, f, "mail", work, nil)
		var text string
		require.NoError(t, j.Wait(ctx(t), &text), name)
		require.Len(t, text, size, name)
	}
	_, err := f.Submit(ctx(t), "mail", strings.Repeat("y", 256<<10), nil)
	require.ErrorIs(t, err, fleet.ErrTooLarge)
	large := submit(t, f, "mail", job{Size: 256 << 10}, nil)
	dead, ok := errors.AsType[*fleet.DeadError](large.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Contains(t, dead.Reason, "payload too large")
}

//brood:checks W139
func TestAJobWhosePayloadIsGoneIsDead(t *testing.T) {
	s := serveSmall(t)
	f := dial(t, s, fleet.Options{})
	j := submit(t, f, "mail", job{Echo: strings.Repeat("y", 100<<10)}, nil)
	_, js := raw(t, s)
	store, err := js.ObjectStore(ctx(t), "fleet_blob_default")
	require.NoError(t, err)
	list, err := store.List(ctx(t))
	require.NoError(t, err)
	require.Len(t, list, 1)
	require.NoError(t, store.Delete(ctx(t), list[0].Name))
	agent(t, f, 1, fleet.AgentOptions{Queues: queues("mail")})
	dead, ok := errors.AsType[*fleet.DeadError](j.Wait(ctx(t), nil))
	require.True(t, ok)
	require.Equal(t, fleet.DeadPayload, dead.Kind)
}
