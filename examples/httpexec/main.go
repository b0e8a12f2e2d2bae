// Httpexec runs commands for the clients of an ordinary net/http server and streams their output.
//
//	go run ./examples/httpexec [-addr HOST:PORT] [-commands FILE] [-most N] [-grace D]
//	curl -N http://127.0.0.1:9853/run/count
//
// GET / lists the commands. GET or POST /run/NAME runs one, which a client can only choose, not
// make up: they are those of commands.go, or of FILE, a JSON object of argument lists by name. The
// answer is a stream of server-sent events: stdout and stderr, a line each as the command writes
// it, and at the end exit, with the status. When a client goes, its command gets SIGTERM, with all
// processes of its group, and SIGKILL when the grace is over. If a client reads slowly, its command
// waits. At most N commands run at once; a client that comes then gets 429 with Retry-After.
//
// SIGINT or SIGTERM ends the commands in the same way, whose last lines clients still get, and then
// the server. A second one ends all at once. Any client can run the commands, so httpexec listens
// on loopback addresses only, and answers no page of another site (package loopback).
//
// What it shows: one loop that owns the children, beside a server whose goroutines reach it by Do
// and Post (run.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9853", "loopback `address` to listen on")
	file := flag.String("commands", "", "`file` of commands, in place of the built-in ones")
	most := flag.Int("most", 4, "most `commands` at once")
	grace := flag.Duration("grace", 2*time.Second, "`time` from SIGTERM to SIGKILL")
	flag.Parse()
	if flag.NArg() > 0 || *most < 1 || *grace <= 0 {
		flag.Usage()
		os.Exit(2)
	}
	commands, err := readCommands(*file)
	if err == nil {
		err = run(*addr, &runner{commands: commands, places: make(chan struct{}, *most), grace: *grace})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "httpexec:", err)
		os.Exit(1)
	}
}

// run serves until a signal comes. The loop runs on this goroutine, the server on those of
// net/http.
func run(addr string, r *runner) (err error) {
	if r.loop, err = reactor.New(nil); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.loop.Close()) }() // Closing it twice is harmless.
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The end of ctx is that of all requests, and so of all commands.
	if _, err := signals.StopOn(r.loop, func(signals.Signal) { cancel() }); err != nil {
		return err
	}
	ln, err := loopback.Listen(addr)
	if err != nil {
		return err
	}
	fmt.Println("httpexec: listening on", ln.Addr())
	served := make(chan error, 1)
	release := r.loop.Hold() // Until the server has ended: it will have the loop start children.
	// It ends when ctx has ended and then the requests. The receive below waits for it.
	go func() {
		defer release()
		served <- serve(ctx, ln, r)
	}()
	err = r.loop.Run()
	cancel() // Only of use when the loop has failed: else the server has ended.
	return errors.Join(err, r.loop.Close(), <-served)
}
