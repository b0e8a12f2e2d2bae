package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/brood-go/brood/fleet"
)

// serve runs a server until a signal comes.
func serve(p *program, args []string) error {
	f := newFlags(p, "serve")
	var o fleet.ServerOptions
	var queues list
	var ackWait time.Duration
	f.StringVar(&o.Dir, "dir", "", "")
	f.StringVar(&o.Name, "name", "", "")
	f.Var(&queues, "queue", "")
	f.DurationVar(&ackWait, "ack-wait", 0, "")
	listen := f.String("listen", "127.0.0.1:4222", "")
	users, cert, key := f.String("users", "", ""), f.String("cert", "", ""), f.String("key", "", "")
	if err := f.parse(args); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(*listen)
	if err != nil {
		return &usageError{err.Error()}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil:
		return &usageError{"-listen: there is no port " + port}
	case f.NArg() > 0 || o.Dir == "":
		return &usageError{"-dir is needed, and nothing but flags"}
	}
	o.Host, o.Port = host, int(number)
	o.Layout = &fleet.Layout{Queues: queues, AckWait: ackWait}
	o.Logger = slog.New(slog.NewTextHandler(p.err, nil))
	if *users != "" {
		text, err := os.ReadFile(*users)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &o.Users); err != nil {
			return fmt.Errorf("%s: %w", *users, err)
		}
	}
	if *cert != "" || *key != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		if err != nil {
			return err
		}
		o.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	s, err := fleet.Serve(&o)
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintln(p.out, "listening on", s.URL())
	<-p.signals
	return nil
}
