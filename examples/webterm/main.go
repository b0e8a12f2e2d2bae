// Webterm shows a program on a terminal of its own in a browser: xterm.js draws it, a WebSocket
// carries it.
//
//	go run . [-addr HOST:PORT] [PROGRAM [ARGUMENT…]]
//
// PROGRAM is by default the shell in $SHELL, or /bin/sh. Webterm prints the address of the page.
// Each page that is opened has a PROGRAM of its own, which ends when the page is closed: it is hung
// up, as by a terminal that is switched off, and killed if it does not obey. SIGINT, SIGTERM or
// SIGHUP ends all of them, and then webterm; a second one ends webterm at once, and its terminals
// are hung up by the system.
//
// A browser with the page has all rights of this user. So webterm listens on loopback addresses
// only, and serves only requests with the token in the address that it prints, under the names that
// loopback addresses have (guard.go).
//
// What it shows: one loop that owns all children, beside a net/http server whose goroutines reach
// them through the loop's doors (children.go), and a terminal with a limit for the bytes that
// either side lets pile up (session.go, window.go).
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "loopback `address` to listen on; port 0 is any that is free")
	flag.Parse()
	command := flag.Args()
	if len(command) == 0 {
		command = []string{cmp.Or(os.Getenv("SHELL"), "/bin/sh")}
	}
	if err := run(*addr, command); err != nil {
		fmt.Fprintln(os.Stderr, "webterm:", err)
		os.Exit(1)
	}
}

// run serves until one of these signals comes. The loop runs on this goroutine, the server on those
// of net/http.
func run(addr string, command []string) (err error) {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.Close()) }() // Closing it twice is harmless.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The end of ctx is that of the server and of all sessions.
	_, err = signals.StopOn(loop, func(signals.Signal) { cancel() }, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err != nil {
		return err
	}
	ln, err := loopback.Listen(addr)
	if err != nil {
		return err
	}
	s := newServer(loop, ln, command)
	fmt.Println("webterm: open", s.url())
	served := make(chan error, 1)
	release := loop.Hold()
	// It ends when the server and the last session have. The receive below waits for it.
	go func() {
		defer release()
		served <- s.serve(ctx)
	}()
	err = loop.Run()
	// Only of use when the loop failed: the sessions are over, and do not wait for it.
	cancel()
	err = errors.Join(err, loop.Close())
	return errors.Join(err, <-served)
}
