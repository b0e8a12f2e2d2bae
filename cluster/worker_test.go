package cluster_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

// workers are the programs that this binary is as a worker. Their arguments are the network and the
// address to listen on.
var workers = childprocess.Workers{
	"accept": acceptWorker,
	"loop":   loopWorker,
	"http":   httpWorker,
	"udp":    udpWorker,
	"raw":    rawWorker,
}

func runWorkers() {
	worker, err := workers.Run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		helperproc.Exit(3)
	}
	if worker {
		helperproc.Exit(0)
	}
}

func init() {
	// worker is a Go worker under a Node primary. The primary sets the arguments of the process, so
	// those of the worker are in WORKER.
	helperproc.Register("worker", func([]string) {
		args := strings.Fields(os.Getenv("WORKER"))
		l, err := reactor.New(nil)
		must(err)
		parent, err := ipc.Parent(l)
		must(err)
		must(workers[args[0]](l, parent, args[1:]))
		must(l.Run())
		must(l.Close())
	})
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		helperproc.Exit(3)
	}
}

// acceptWorker answers with its number, on goroutines.
func acceptWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	self, err := cluster.Join(l, parent)
	if err != nil {
		return err
	}
	return self.Listen(args[0], args[1], nil, func(s *cluster.Server, err error) {
		must(err)
		// It ends when the server is closed. The program waits for the connections, and so for it.
		go func() {
			for {
				conn, err := s.Accept()
				if err != nil {
					return
				}
				_, _ = fmt.Fprint(conn, self.ID()) // The client may have gone.
				_ = conn.Close()                   // The client has read all it waits for.
			}
		}()
	})
}

// loopWorker answers with its number, on its loop.
func loopWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	self, err := cluster.Join(l, parent)
	if err != nil {
		return err
	}
	o := &cluster.ListenOptions{OnConnection: func(d *streams.Duplex) {
		d.Readable.Destroy(nil)
		_, _ = d.Writable.WriteString(fmt.Sprint(self.ID())) // The client may have gone.
		d.Writable.End()
	}}
	return self.Listen(args[0], args[1], o, func(_ *cluster.Server, err error) { must(err) })
}

// httpWorker is a net/http server that shuts down in order.
func httpWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	self, err := cluster.Join(l, parent)
	if err != nil {
		return err
	}
	return self.Listen(args[0], args[1], nil, func(s *cluster.Server, err error) {
		must(err)
		web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, fmt.Sprint(self.ID()))
		})}
		self.OnLeave(func() { web.SetKeepAlivesEnabled(false) })
		go func() { _ = web.Serve(s) }() // It ends with the server.
	})
}

// udpWorker answers datagrams.
func udpWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	self, err := cluster.Join(l, parent)
	if err != nil {
		return err
	}
	return self.ListenPacket(args[0], args[1], nil, func(conn net.PacketConn, err error) {
		must(err)
		// It ends when the socket is closed.
		go func() {
			p := make([]byte, 100)
			for {
				n, from, err := conn.ReadFrom(p)
				if err != nil {
					return
				}
				_, _ = conn.WriteTo(fmt.Appendf(nil, "%d %s", self.ID(), p[:n]), from)
			}
		}()
	})
}
