package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/brood-go/brood/fleet"
)

// list is the value of a flag that may be given several times.
type list []string

// String implements flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set implements flag.Value.
func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// flags are the flags of a command.
type flags struct {
	*flag.FlagSet
	p *program
}

// newFlags returns the flags of a command, which has none yet.
func newFlags(p *program, name string) *flags {
	f := &flags{flag.NewFlagSet("fleet "+name, flag.ContinueOnError), p}
	f.SetOutput(io.Discard) // parse returns the error instead.
	return f
}

// parse reads the arguments. A mistake is a *usageError.
func (f *flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		return &usageError{err.Error()}
	}
	return nil
}

// connection has the flags for a connection.
type connection struct{ url, name, user, ca string }

func (f *flags) connection() *connection {
	c := &connection{}
	f.StringVar(&c.url, "url", os.Getenv("FLEET_URL"), "")
	f.StringVar(&c.name, "name", os.Getenv("FLEET_NAME"), "")
	f.StringVar(&c.user, "user", os.Getenv("FLEET_USER"), "")
	f.StringVar(&c.ca, "ca", os.Getenv("FLEET_CA"), "")
	return c
}

// dial connects to the server. The caller must Close the Fleet.
func (c *connection) dial(p *program) (*fleet.Fleet, error) {
	o := &fleet.Options{
		URL: c.url, Name: c.name, User: c.user, Password: os.Getenv("FLEET_PASSWORD"),
		Logger: slog.New(slog.NewTextHandler(p.err, nil)),
	}
	if c.ca != "" {
		pem, err := os.ReadFile(c.ca)
		if err != nil {
			return nil, err
		}
		o.TLS = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: there is no certificate in it", c.ca)
		}
	}
	return fleet.Dial(o)
}

// environ returns this program's environment without the FLEET_ variables, some of which are
// secret.
func environ() []string {
	var env []string
	for _, s := range os.Environ() {
		if !strings.HasPrefix(s, "FLEET_") {
			env = append(env, s)
		}
	}
	return env
}
