// Dashboard is a live page of a pool at work.
//
//	go run ./examples/dashboard [-addr HOST:PORT] [-workers N] [-rate N]
//
// It prints the address of the page, which shows throughput, waiting and running jobs, how long
// they wait and run, each worker with its memory and the last line that it has written to stderr,
// and why workers have ended. One can reload and resize the pool, kill a worker, and change the
// load, which the program makes by itself: jobs that take 20 ms on average. /metrics has the
// numbers in Prometheus's format, /healthz says whether jobs are answered. SIGINT, SIGTERM or
// SIGHUP ends it: running jobs are finished, and a line says how that went. A second one ends it at
// once.
//
// The page is for this machine: dashboard listens on loopback addresses only, and answers no page
// of another site (package loopback).
//
// What it shows: a pool that is watched and controlled from other goroutines (server.go), those of
// net/http, which reach it only by the loop's Do; numbers that belong to the loop (board.go); the
// worker's side (worker.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/brood-go/brood/examples/internal/loopback"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// jobGrace is how long running jobs may take when the program is to end.
const jobGrace = 5 * time.Second

func main() {
	if isWorker, err := workers.Run(); isWorker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	addr := flag.String("addr", "127.0.0.1:8080", "`address` of the page, on this machine")
	n := flag.Int("workers", 4, fmt.Sprintf("`number` of workers, 1 to %d", mostWorkers))
	rate := flag.Int("rate", 120, fmt.Sprintf("`jobs` a second, 0 to %d", mostRate))
	flag.Parse()
	if flag.NArg() > 0 || !between(1, *n, mostWorkers) || !between(0, *rate, mostRate) {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*addr, *n, *rate); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

func between(low, n, high int) bool { return low <= n && n <= high }

// run serves until one of the signals comes. The loop runs on this goroutine, the server on those
// of net/http.
func run(addr string, workers, rate int) (err error) {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, loop.Close()) }() // Closing it twice is harmless.
	ln, err := loopback.Listen(addr)
	if err != nil {
		return err
	}
	defer ln.Close() // The server has closed it, if it came to that.
	b, err := newBoard(loop, workers, rate, time.Second)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// The pool and the server end, and then nothing keeps the loop running.
	_, err = signals.StopOn(loop, func(signals.Signal) {
		cancel()
		b.stop(&pool.StopOptions{DropWaiting: true, JobGrace: jobGrace}, func(r *pool.StopReport) {
			fmt.Printf("dashboard: stopped in %s: %d jobs dropped, %d workers ended by force\n",
				r.Elapsed.Round(time.Millisecond), r.Dropped, len(r.Forced))
		})
	}, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	if err != nil {
		return err
	}
	s := newServer(b, ln)
	fmt.Println("dashboard: open", s.url())
	served := make(chan error, 1)
	release := loop.Hold()
	go func() { // It ends when the server has, which ctx ends. The receive below waits for it.
		defer release()
		served <- s.serve(ctx)
	}()
	err = loop.Run()
	// Only of use when the loop failed: the server has ended, or waits for the loop.
	cancel()
	err = errors.Join(err, loop.Close())
	return errors.Join(err, <-served)
}
