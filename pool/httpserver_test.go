package pool_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// httpDir is the variable that makes a test binary a server, with its files in that directory: its
// control socket, and "broken", with which its workers do not start.
const httpDir = "POOL_TEST_HTTP"

// serveHTTP is a server whose workers accept from its listener. It prints its address, and returns
// after a request for /stop, or when another one has taken its place after /upgrade.
func serveHTTP(dir string) error {
	loop, err := reactor.New(nil)
	if err != nil {
		return err
	}
	s := &httpServer{loop: loop, ended: make(chan error, 1)}
	if err := s.listen(filepath.Join(dir, "control")); err != nil {
		return err
	}
	s.passed = []childprocess.ListenFD{{Name: "http", Socket: s.web.(*net.TCPListener)}, {Name: "control", Socket: s.control.(*net.UnixListener)}}
	s.pool, err = pool.New(loop, &pool.Options{
		Self: "http", Max: 2, Starting: 2, Args: []string{dir}, StartTimeout: 20 * time.Second, KillGrace: 100 * time.Millisecond,
		Fork: &childprocess.ForkOptions{Options: childprocess.Options{ListenFDs: s.passed[:1]}},
	})
	if err != nil {
		return err
	}
	ready := 0
	s.pool.OnWorkerReady(func(pool.Worker) {
		if ready++; ready == 2 {
			if _, err := pool.Upgraded(loop); err != nil {
				panic(err)
			}
			// It ends with the listener, for which main waits.
			go func() { s.ended <- http.Serve(s.control, s.mux()) }()
			fmt.Println(s.web.Addr())
		}
	})
	if err := loop.Run(); err != nil {
		return err
	}
	if ready < 2 {
		return s.pool.Healthy()
	}
	if err := <-s.ended; !errors.Is(err, net.ErrClosed) {
		return err
	}
	return loop.Close()
}

type httpServer struct {
	loop         *reactor.Loop
	pool         *pool.Pool
	web, control net.Listener
	passed       []childprocess.ListenFD
	ended        chan error
}

// listen takes the listeners of the old program, or makes new ones.
func (s *httpServer) listen(path string) (err error) {
	files, err := childprocess.ListenFDs()
	if err != nil {
		return err
	}
	if len(files) == 2 {
		if s.web, err = net.FileListener(files[0]); err != nil {
			return err
		}
		if s.control, err = net.FileListener(files[1]); err != nil {
			return err
		}
		return errors.Join(files[0].Close(), files[1].Close())
	}
	if s.web, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.control, err = net.Listen("unix", path)
	return err
}

// mux handles the requests on the control socket, and answers each when it is done.
func (s *httpServer) mux() *http.ServeMux {
	mux := http.NewServeMux()
	handle := func(path string, begin func(done func(error)) error) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			result := make(chan error, 1)
			err := s.loop.Do(r.Context(), func() {
				if err := begin(func(err error) { result <- err }); err != nil {
					result <- err
				}
			})
			if err == nil {
				err = <-result
			}
			fmt.Fprint(w, err)
		})
	}
	handle("/reload", func(done func(error)) error { return s.pool.Reload(nil, done) })
	handle("/upgrade", func(done func(error)) error {
		return pool.Upgrade(s.loop, &pool.UpgradeOptions{Listeners: s.passed, Timeout: 20 * time.Second}, func(_ int, err error) {
			done(err)
			if err == nil {
				s.loop.SetTimeout(10*time.Millisecond, s.stop) // The answer is sent first.
			}
		})
	})
	handle("/stop", func(done func(error)) error {
		done(nil)
		s.loop.SetTimeout(10*time.Millisecond, s.stop)
		return nil
	})
	return mux
}

func (s *httpServer) stop() {
	_ = s.control.Close()
	_ = s.web.Close()
	s.pool.Stop(nil, nil)
}

// httpWorker accepts from the listener that it inherits, and answers with the size of its program's
// file and its generation.
func httpWorker(l *reactor.Loop, parent *ipc.Channel, args []string) error {
	if _, err := os.Stat(filepath.Join(args[0], "broken")); err == nil {
		return errors.New("broken")
	}
	files, err := childprocess.ListenFDs()
	if err != nil {
		return err
	}
	ln, err := net.FileListener(files[0])
	if err != nil {
		return err
	}
	program, err := os.Stat("/proc/self/exe")
	if err != nil {
		return err
	}
	server := newDrainingServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Duration(time.Now().UnixNano()%3) * time.Millisecond) // The work.
		fmt.Fprintf(w, "%d %s", program.Size(), os.Getenv("BROOD_POOL_GENERATION"))
	}))
	go server.serve(ln) // It ends with drain below.
	parent.OnDisconnect(func() {
		release := l.Hold()
		go func() {
			server.drain(ln)
			release()
		}()
	})
	return parent.Send(map[string]bool{"ready": true})
}

// A drainingServer answers every connection that it has accepted. Shutdown of an http.Server drops
// connections whose first request has not reached the handler (Go 1.26), so drain waits for these.
type drainingServer struct {
	http.Server
	fresh  sync.WaitGroup // connections whose first request has not reached the handler
	conns  sync.Map       // connection → function that ends its count in fresh
	served chan struct{}
}

type connKey struct{}

func newDrainingServer(h http.Handler) *drainingServer {
	s := &drainingServer{served: make(chan struct{})}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		s.fresh.Add(1)
		done := sync.OnceFunc(s.fresh.Done)
		s.conns.Store(c, done)
		return context.WithValue(ctx, connKey{}, done)
	}
	s.ConnState = func(c net.Conn, state http.ConnState) {
		if done, ok := s.conns.Load(c); ok && (state == http.StateClosed || state == http.StateHijacked) {
			s.conns.Delete(c)
			done.(func())()
		}
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Context().Value(connKey{}).(func())()
		h.ServeHTTP(w, r)
	})
	return s
}

func (s *drainingServer) serve(ln net.Listener) {
	_ = s.Serve(ln)
	close(s.served)
}

// drain stops accepting, and returns when the accepted connections are answered.
func (s *drainingServer) drain(ln net.Listener) {
	_ = ln.Close()
	<-s.served
	s.fresh.Wait()
	_ = s.Shutdown(context.Background())
}
