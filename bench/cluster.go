package main

import (
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// clusterClients is how many clients connect at the same time.
const clusterClients = 64

// clusterConnections measures connections to a server with two workers. Each client connects again
// as soon as its connection is closed. The contestants differ in the primary only: the workers'
// program and the clients are the same. With "none" the workers accept by themselves and the
// primary does nothing, which is the floor.
func clusterConnections(n int) scenario {
	s := scenario{name: "cluster connections, 2 workers", unit: "connection", ops: float64(n), rounds: 2}
	node, ok := findPeer("node")
	if !ok {
		return s
	}
	add := func(name string, server *server, targets ...target) {
		s.contestants = append(s.contestants, contestant{
			name:    name,
			run:     func() time.Duration { return connectAll(n, int(server.ask("port"))) },
			close:   server.close,
			targets: targets, elsewhere: true,
		})
	}
	add("node none", nodeCluster(node, "none"))
	add("node rr", nodeCluster(node, "rr"))
	add("brood rr", broodCluster(node, "rr"), target{"node rr", 0.9})
	add("brood none", broodCluster(node, "none"))
	add("brood rr, Go workers", broodCluster("", "rr"))
	return s
}

// connectAll connects n times to a port, by clusterClients clients, and waits each time until the
// server closes the connection.
func connectAll(n, port int) time.Duration {
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	var left atomic.Int64
	left.Store(int64(n))
	var clients sync.WaitGroup
	start := time.Now()
	for range clusterClients {
		clients.Go(func() {
			for left.Add(-1) >= 0 {
				conn, err := net.Dial("tcp", address)
				check(err)
				_, err = io.Copy(io.Discard, conn)
				check(err)
				check(conn.Close())
			}
		})
	}
	clients.Wait()
	return time.Since(start)
}
