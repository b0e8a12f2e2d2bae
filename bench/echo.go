package main

import (
	"fmt"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// echoConnections is the number of clients of a server, and echoSize the number of bytes that each
// sends at a time.
const (
	echoConnections = 1000
	echoSize        = 64
)

// echoServers are the programs that send all bytes back, see echoservers.go. The first is the
// floor.
var echoServers = []string{"floor", "brood", "net", "evio", "gnet"}

// echoMany makes every client send echoSize bytes and wait until they come back, again and again, n
// times in all. All servers have the same clients: one thread of this process with an epoll. Each
// server has one thread for its connections, except for net, which has a goroutine for each.
func echoMany(n int) scenario {
	s := scenario{
		name: fmt.Sprintf("echo, %d connections", echoConnections), unit: "round trip", ops: float64(n / echoConnections * echoConnections),
	}
	for _, name := range echoServers {
		p := &server{command: func(string) *exec.Cmd { return exec.Command(self(), "-child-echo", name) }}
		var c *echoClients
		one := contestant{
			name: name, elsewhere: true,
			setUp: func() (tearDown func()) {
				if c == nil {
					c = connectEcho(int(p.ask("port")))
				}
				return func() {}
			},
			run: func() time.Duration { return c.echo(n / echoConnections) },
			close: func() {
				c.close()
				p.close()
			},
		}
		if name == "brood" {
			one.most.first = true
		}
		s.contestants = append(s.contestants, one)
	}
	return s
}

// echoClients are connections that are made once for all rounds. They own their descriptors.
type echoClients struct {
	epoll int
	fds   []int
	left  map[int]*echoClient
}

// echoClient counts the rounds, and the bytes of the present round, that a client still waits for.
type echoClient struct{ rounds, bytes int }

func connectEcho(port int) *echoClients {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	c := &echoClients{epoll: epoll, left: map[int]*echoClient{}}
	for range echoConnections {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		check(err)
		check(unix.Connect(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
		check(unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1))
		check(unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}))
		c.fds, c.left[fd] = append(c.fds, fd), new(echoClient)
	}
	return c
}

// echo makes each client do that many round trips. A client sends nothing while it waits, so a
// write never blocks.
func (c *echoClients) echo(rounds int) time.Duration {
	out, in := make([]byte, echoSize), make([]byte, echoSize)
	var events [512]unix.EpollEvent
	start := time.Now()
	for _, fd := range c.fds {
		*c.left[fd] = echoClient{rounds, echoSize}
		mustEqual(rawCall(unix.SYS_WRITE, fd, out), echoSize)
	}
	for open := len(c.fds); open > 0; {
		for _, ev := range events[:rawEpollWait(c.epoll, events[:])] {
			fd := int(ev.Fd)
			client := c.left[fd]
			got := rawCall(unix.SYS_READ, fd, in[:client.bytes])
			if got == 0 {
				fatal(fmt.Errorf("the echo server has closed a connection"))
			}
			if client.bytes -= got; client.bytes > 0 {
				continue
			}
			if client.rounds--; client.rounds == 0 {
				// If a byte too many comes, the next round reads it and fails.
				client.bytes = 1
				open--
				continue
			}
			client.bytes = echoSize
			mustEqual(rawCall(unix.SYS_WRITE, fd, out), echoSize)
		}
	}
	return time.Since(start)
}

func (c *echoClients) close() {
	for _, fd := range c.fds {
		rawClose(fd)
	}
	rawClose(c.epoll)
}
