//go:build darwin || freebsd || linux

package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/tidwall/evio"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// Where connections come from: evio numbers the addresses it serves.
const (
	fromClients = iota
	fromBridge
)

// server has the callbacks of evio, all on one goroutine.
type server struct {
	loop   *reactor.Loop
	bridge *bridge
	stop   signals.Signal // which asked the server to stop; 0: none
	err    error          // why it stops otherwise
}

// serve runs the server until SIGINT or SIGTERM.
func serve(addr string) error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	s := &server{loop: loop}
	err = s.serve(addr)
	// evio has closed the connections, so their commands are killed. Run ends when the last of them is gone.
	return errors.Join(err, loop.Run(), loop.Close())
}

func (s *server) serve(addr string) error {
	var err error
	if s.bridge, err = newBridge(s.loop); err != nil {
		return err
	}
	defer s.bridge.close()
	for _, sig := range []signals.Signal{syscall.SIGINT, syscall.SIGTERM} {
		w, err := signals.Watch(s.loop, sig, func(got signals.Signal) { s.stop = got })
		if err != nil {
			return err
		}
		defer w.Close()
	}
	events := evio.Events{
		NumLoops: 1, // More would be more goroutines, and a brood loop has one.
		Serving:  s.serving,
		Opened:   s.opened,
		Closed:   s.closed,
		Data:     s.data,
	}
	if err := evio.Serve(events, "tcp://"+addr, "unix://"+s.bridge.path); err != nil {
		return err
	}
	return s.err
}

// serving is called on the main goroutine, when both addresses are listened on.
func (s *server) serving(srv evio.Server) evio.Action {
	if s.err = s.bridge.start(); s.err != nil {
		return evio.Shutdown
	}
	fmt.Println("listening on", srv.Addrs[fromClients])
	return evio.None
}

func (s *server) opened(c evio.Conn) (out []byte, o evio.Options, action evio.Action) {
	if c.AddrIndex() == fromBridge {
		return nil, o, evio.None
	}
	client, err := newClient(s.loop, c)
	if err != nil {
		return []byte("# " + err.Error() + "\n"), o, evio.Close
	}
	c.SetContext(client)
	return nil, o, evio.None
}

// data is called with what a client has sent, or for the bridge.
func (s *server) data(c evio.Conn, in []byte) (out []byte, action evio.Action) {
	if c.AddrIndex() == fromBridge {
		return s.turn()
	}
	if client, ok := c.Context().(*client); ok && !client.receive(in) {
		return nil, evio.Close
	}
	return nil, evio.None
}

// turn turns the brood loop and lets the bridge go back to sleep.
func (s *server) turn() (answer []byte, action evio.Action) {
	if _, err := s.loop.Poll(0); err != nil {
		s.err = err
		return nil, evio.Shutdown
	}
	if s.stop != 0 {
		fmt.Println("stopped by", signals.Name(s.stop))
		return nil, evio.Shutdown
	}
	return turned, evio.None
}

// closed is called once evio has closed its descriptor of a connection; at the end of the server by the main goroutine,
// for those that are left.
func (s *server) closed(c evio.Conn, _ error) evio.Action {
	if client, ok := c.Context().(*client); ok {
		client.gone()
	}
	return evio.None
}
