// Embed is a TCP server with an event loop of its own, which has brood do its children and its
// connections: on one thread, two loops, of which the own one turns the other when that has
// something to do.
//
//	go run ./examples/embed [-addr HOST:PORT]
//
// The own loop is poll(2) in a few lines. It stands for whichever a program has already: that of a
// toolkit, of a game, of another library. All that it has to do is to watch one descriptor,
// [reactor.Loop.FD], and to call [reactor.Loop.Poll] when that is readable (server.go). A program
// that has no loop of its own calls [reactor.Loop.Run] instead, and one whose own loop must not
// share its thread gives brood a goroutine and reaches it by [reactor.Loop.Post].
//
// Each line that a client sends is a command, split at blanks, without a shell. Its output, of both
// kinds, streams back as it comes, and then a line such as "# exit status 0" (client.go). A
// client's commands run one after the other, those of different clients at once. A client that
// closes its connection, or only its sending half, ends its command. SIGINT or SIGTERM ends the
// server, a second one at once. A client can run any command, so the server listens on the loopback
// address by default.
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
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}
