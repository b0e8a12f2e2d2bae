package main

import (
	"net"
	"os"

	"github.com/panjf2000/gnet/v2"
	"github.com/tidwall/evio"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/bench/samples"
	"github.com/brood-go/brood/reactor"
)

// echoServer runs one kind of echo server and answers the order "port" with its port, until its
// stdin ends. The server ends with the process.
func echoServer(kind string) {
	port := freePort()
	listening := make(chan struct{})
	go func() {
		switch kind {
		case samples.Floor:
			floorEcho(port, listening)
		case "brood":
			broodEcho(port, listening)
		case "net":
			netEcho(port, listening)
		case "evio":
			evioEcho(port, listening)
		case "gnet":
			gnetEcho(port, listening)
		}
	}()
	<-listening
	serve(func(string, []int) int64 { return int64(port) })
	os.Exit(0)
}

// freePort returns a port on which no program listens. evio and gnet do not tell the port that they
// have chosen.
func freePort() int {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	check(err)
	defer func() { check(l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

func echoAddress(port int) *unix.SockaddrInet4 {
	return &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}
}

// listenEcho returns a listening socket that does not block.
func listenEcho(port int) int {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	check(err)
	check(unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1))
	check(unix.Bind(fd, echoAddress(port)))
	check(unix.Listen(fd, echoConnections))
	return fd
}

// acceptEcho accepts all connections that wait.
func acceptEcho(listener int) (fds []int) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)
		if err == unix.EAGAIN {
			return fds
		}
		check(err)
		check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
		fds = append(fds, fd)
	}
}

// echoOnce sends back the bytes that have come. It reports false at the end of the connection.
func echoOnce(fd int, buf []byte) bool {
	n, err := unix.Read(fd, buf)
	if err == unix.EAGAIN {
		return true
	}
	if n <= 0 {
		return false
	}
	k, err := unix.Write(fd, buf[:n])
	check(err)
	mustEqual(k, n)
	return true
}

func floorEcho(port int, listening chan<- struct{}) {
	listener := listenEcho(port)
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	add := func(fd int) {
		check(unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
	}
	add(listener)
	close(listening)
	var events [512]unix.EpollEvent
	buf := make([]byte, chunk)
	for {
		for _, ev := range events[:rawEpollWait(epoll, events[:])] {
			if int(ev.Fd) == listener {
				for _, fd := range acceptEcho(listener) {
					add(fd)
				}
				continue
			}
			if n := rawCall(unix.SYS_READ, int(ev.Fd), buf); n > 0 {
				mustEqual(rawCall(unix.SYS_WRITE, int(ev.Fd), buf[:n]), n)
			} else {
				rawClose(int(ev.Fd))
			}
		}
	}
}

// broodEcho is the loop of brood with a watcher for each connection.
func broodEcho(port int, listening chan<- struct{}) {
	listener := listenEcho(port)
	l := newLoop()
	buf := make([]byte, chunk)
	_, err := l.Watch(listener, reactor.Readable, func(reactor.Readiness) {
		for _, fd := range acceptEcho(listener) {
			var w *reactor.Watcher
			w, err := l.Watch(fd, reactor.Readable, func(reactor.Readiness) {
				if !echoOnce(fd, buf) {
					w.Close()
					check(unix.Close(fd))
				}
			})
			check(err)
		}
	})
	check(err)
	close(listening)
	check(l.Run())
}

func netEcho(port int, listening chan<- struct{}) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	check(err)
	close(listening)
	for {
		conn, err := l.Accept()
		check(err)
		// This goroutine ends with its connection. Nothing waits for it.
		go func() {
			defer func() { check(conn.Close()) }()
			buf := make([]byte, 4<<10)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				_, err = conn.Write(buf[:n])
				check(err)
			}
		}()
	}
}

func evioEcho(port int, listening chan<- struct{}) {
	check(evio.Serve(evio.Events{
		NumLoops: 1,
		Serving:  func(evio.Server) evio.Action { close(listening); return evio.None },
		Data:     func(_ evio.Conn, in []byte) (out []byte, _ evio.Action) { return in, evio.None },
	}, "tcp://"+(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()))
}

// gnetEchoer is the handler of gnet.
type gnetEchoer struct {
	gnet.BuiltinEventEngine
	listening chan<- struct{}
}

func (e *gnetEchoer) OnBoot(gnet.Engine) gnet.Action {
	close(e.listening)
	return gnet.None
}

func (e *gnetEchoer) OnTraffic(c gnet.Conn) gnet.Action {
	in, err := c.Next(-1)
	check(err)
	_, err = c.Write(in)
	check(err)
	return gnet.None
}

func gnetEcho(port int, listening chan<- struct{}) {
	address := "tcp://" + (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String()
	check(gnet.Run(&gnetEchoer{listening: listening}, address,
		gnet.WithNumEventLoop(1), gnet.WithTCPNoDelay(gnet.TCPNoDelay), gnet.WithLogger(zap.NewNop().Sugar())))
}
