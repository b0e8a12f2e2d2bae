//go:build darwin || freebsd || linux

// Evioserver is a TCP server on evio (github.com/tidwall/evio) with a brood loop embedded in evio's own. Each line that
// a client sends is a command, split at blanks, without a shell. Its output, of both kinds, streams back to that client
// as it comes, then a line such as "# exit status 0", which follows the output at once, so also in the middle of a line
// that the command did not end. A client's commands run one after the other, those of different clients at once. A client
// that closes its connection, or only its sending half, which evio does not tell apart, kills its command. Whoever can
// connect can run anything, so it listens on the loopback address by default.
//
//	go run ./examples/evioserver [-addr HOST:PORT]
//
// # Threads
//
// Three goroutines, whatever the number of clients and commands, beside the one of package signals:
//
//   - evio's loop goroutine calls back for connections and their data. It is also the loop goroutine of brood: it turns
//     the loop by [reactor.Loop.Poll], and every call on a stream or a child is made there (server.go, client.go).
//   - The bridge sleeps in poll(2) on the descriptor of the brood loop ([reactor.Loop.FD]) and touches nothing else of
//     it. When the descriptor is readable, it has evio turn the loop, and waits until that is done (bridge.go). It is
//     needed because evio cannot be told to watch a descriptor that is not a connection of its own.
//   - The main goroutine waits in evio.Serve. Before and after, when neither of the others exists, it has the brood
//     loop.
//
// # What evio does not do, and what is done about it
//
// An answer given to evio before the last one was written takes its place (evio.Conn.Wake, v1.0.8), and nothing tells
// when one was written. So the sending half of each connection is a [streams.Writable] on a copy of its descriptor, with
// backpressure down to the command; evio accepts, reads, and notices the end.
//
// evio's epoll(7) and eventfd(2) descriptors and its connections are not close-on-exec, so every command would inherit
// them, with other clients' connections among them. They are marked before each command is started (descriptor.go).
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:9851", "`address` to listen on")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if err := serve(*addr); err != nil {
		fmt.Fprintln(os.Stderr, "evioserver:", err)
		os.Exit(1)
	}
}
