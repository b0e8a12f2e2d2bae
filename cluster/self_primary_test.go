package cluster_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/cluster"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

//brood:checks W100
func TestAGoWorkerUnderAGoPrimary(t *testing.T) {
	for _, worker := range []string{"accept", "loop"} {
		for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
			for _, network := range []string{"tcp", "unix"} {
				t.Run(fmt.Sprint(worker, " ", sched, " ", network), func(t *testing.T) {
					eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
						address := "127.0.0.1:0"
						if network == "unix" {
							address = filepath.Join(t.TempDir(), "s")
						}
						f := newCluster(t, &cluster.Options{Self: worker, Args: []string{network, address}, Sched: sched, Fork: fork})
						f.fork(2)
						f.when(f.saw("listening", 2), func() {
							require.Equal(t, f.ports[1], f.ports[2])
							if network == "tcp" {
								address = local(f.ports[1])
							}
							f.asks(4, network, address, func(answers []string) {
								if sched == cluster.RoundRobin {
									require.Equal(t, []string{"1", "2", "1", "2"}, answers)
								}
								f.disconnect()
							})
						})
						f.run()
						require.Equal(t, []string{"fork", "online", "listening", "disconnect", "exit exit status 0 true"}, f.eventsOf(2))
					})
				})
			}
		}
	}
}

func init() {
	// answersAndDies answers one connection and exits at once.
	workers["answersAndDies"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		self, err := cluster.Join(l, parent)
		if err != nil {
			return err
		}
		return self.Listen(args[0], args[1], nil, func(s *cluster.Server, err error) {
			must(err)
			// It ends with the process.
			go func() {
				if conn, err := s.Accept(); err == nil {
					_, _ = fmt.Fprintf(conn, "by %d", self.ID()) // The client waits for it.
					helperproc.Exit(0)
				}
			}()
		})
	}
}

// If a worker could answer before its reply to the primary, and died of it, another worker would
// answer the client too.
//
//brood:checks W104
func TestAWorkerRepliesBeforeItsProgramGetsTheConnection(t *testing.T) {
	const n = 40
	f := newCluster(t, &cluster.Options{Self: "answersAndDies", Args: []string{"tcp", "127.0.0.1:0"}})
	addr, err := f.cluster.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	over := false
	f.cluster.OnExit(func(*cluster.Exit) {
		if !over {
			f.fork(1)
		}
	})
	f.fork(2)
	f.asks(n, "tcp", addr.String(), func(answers []string) {
		over = true
		for _, s := range answers {
			require.Regexp(t, `^by \d+$`, s, "%q", answers)
		}
		f.cluster.Kill()
	})
	f.run()
}

func init() {
	// lazy has room for one connection that waits for Accept. The first worker never calls Accept.
	workers["lazy"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		self, err := cluster.Join(l, parent)
		if err != nil {
			return err
		}
		return self.Listen(args[0], args[1], &cluster.ListenOptions{MaxWaiting: 1}, func(s *cluster.Server, err error) {
			must(err)
			if self.ID() == 1 {
				return
			}
			// It ends with the server.
			go func() {
				for {
					conn, err := s.Accept()
					if err != nil {
						return
					}
					_, _ = fmt.Fprint(conn, self.ID()) // The client waits for it.
					_ = conn.Close()                   // The client has read all it waits for.
				}
			}()
		})
	}
}

//brood:checks W105
func TestAServerWithMaxWaitingConnectionsTakesNoMore(t *testing.T) {
	o := &cluster.Options{Self: "lazy", Args: []string{"tcp", "127.0.0.1:0"}, DisconnectTimeout: 1}
	f := newCluster(t, o)
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		waits := f.connect(1, f.ports[1])[0] // It goes to the first worker.
		served := f.cluster.Worker(1).Served
		f.later(func() bool { return served() == 1 }, func() {
			f.asks(6, "tcp", local(f.ports[1]), func(answers []string) {
				require.Equal(t, []string{"2", "2", "2", "2", "2", "2"}, answers)
				require.Equal(t, 1, served())
				require.NoError(t, waits.Close())
				f.disconnect()
			})
		})
	})
	f.run()
}

//brood:checks W102
func TestGoWorkersShareAUDPSocket(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "udp", Args: []string{"udp4", "127.0.0.1:0"}})
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		require.Equal(t, f.ports[1], f.ports[2])
		f.client(func() error {
			conn, err := dial("udp", local(f.ports[1]))
			if err != nil {
				return err
			}
			defer conn.Close()
			_, err = conn.Write([]byte("x"))
			p := make([]byte, 10)
			n, readErr := conn.Read(p)
			if s := string(p[:n]); s != "1 x" && s != "2 x" {
				err = errors.Join(err, fmt.Errorf("answer %q", s))
			}
			return errors.Join(err, readErr)
		}, f.disconnect)
	})
	f.run()
	require.Equal(t, 2, f.count("exit"))
	conn, err := net.ListenPacket("udp4", local(f.ports[1]))
	require.NoError(t, err, "the address is free")
	require.NoError(t, conn.Close())
}

// A running request is completed, and its connection is not kept alive.
//
//brood:checks W108
func TestAGoWorkerWithNetHTTPDrains(t *testing.T) {
	f := newCluster(t, &cluster.Options{Self: "http", Args: []string{"tcp", "127.0.0.1:0"}})
	f.fork(2)
	f.when(f.saw("listening", 2), func() {
		f.client(func() error {
			transport := &http.Transport{}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			for range 10 {
				r, err := client.Get("http://" + local(f.ports[1]))
				if err != nil {
					return err
				}
				body, err := io.ReadAll(r.Body)
				_ = r.Body.Close() // It was read to its end.
				if err != nil || string(body) != "1" {
					return errors.Join(err, fmt.Errorf("body %q", body))
				}
			}
			return nil
		}, f.disconnect)
	})
	f.run()
	require.Equal(t, 2, f.count("exit"))
}

func init() {
	// again listens. When its server has a connection, it closes the server and listens on the same
	// address again.
	workers["again"] = func(l *reactor.Loop, parent *ipc.Channel, args []string) error {
		self, err := cluster.Join(l, parent)
		if err != nil {
			return err
		}
		var first *cluster.Server
		var held *streams.Duplex
		o := &cluster.ListenOptions{OnConnection: func(d *streams.Duplex) {
			held = d
			must(first.Close())
			must(first.Close())
			o := &cluster.ListenOptions{OnConnection: func(d *streams.Duplex) {
				for _, d := range []*streams.Duplex{held, d} {
					_, _ = d.Writable.WriteString("x") // The client waits for it.
					d.Writable.End()
					d.Readable.Destroy(nil)
				}
			}}
			must(self.Listen("tcp", first.Addr().String(), o, func(_ *cluster.Server, err error) { must(err) }))
		}}
		return self.Listen(args[0], args[1], o, func(s *cluster.Server, err error) {
			must(err)
			first = s
		})
	}
}

func TestAServerThatIsClosedMakesWayForTheNext(t *testing.T) {
	for _, sched := range []cluster.Sched{cluster.RoundRobin, cluster.Shared} {
		t.Run(sched.String(), func(t *testing.T) {
			f := newCluster(t, &cluster.Options{Self: "again", Args: []string{"tcp", "127.0.0.1:0"}, Sched: sched})
			f.fork(1)
			var first net.Conn
			f.when(f.saw("listening", 1), func() { first = f.connect(1, f.ports[1])[0] })
			f.when(f.saw("listening", 2), func() {
				f.asks(1, "tcp", local(f.ports[1]), func(answers []string) {
					require.Equal(t, []string{"x"}, answers)
					f.client(func() error {
						s, err := answer(first)
						if s != "x" {
							err = errors.Join(err, errors.New(s))
						}
						return err
					}, f.disconnect)
				})
			})
			f.run()
			require.Equal(t, 1, f.count("exit 1 exit status 0 true"))
		})
	}
}
