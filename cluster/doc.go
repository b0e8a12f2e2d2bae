// Package cluster speaks the protocol of Node's cluster module: a Go program is the primary of
// workers that were written for Node's cluster, as they are, or a worker of a Node primary.
//
// A [Cluster] forks workers, listens for them, and hands each connection to one. [Join] is the
// other side: it makes a Go program a worker, whose [Server] is a net.Listener. The workers of one
// cluster run one program, which may be Node's or this one again.
//
//	c, err := cluster.New(loop, &cluster.Options{ExecPath: "node", Module: "server.js"})
//	c.OnExit(func(e *cluster.Exit) { if !e.Worker.ExitedAfterDisconnect() { c.Fork(nil) } })
//	for range runtime.NumCPU() { c.Fork(nil) }
//
// # Protocol
//
// The messages are objects with cmd "NODE_CLUSTER" and a number seq, on the worker's IPC channel;
// users do not see them. A reply has the peer's seq as its ack (Node v20,
// lib/internal/cluster/primary.js, child.js, round_robin_handle.js, shared_handle.js; seen on the
// wire of v20.20.2).
//
//	from    act                     what it says, and what follows
//	worker  online                  its program runs
//	worker  queryServer             index, data, address, port, addressType, fd, flags, backlog, readableAll, writableAll.
//	                                The reply to a round robin: errno null, key, data, sockname. Else errno 0 with the bound
//	                                socket as net.Native or dgram.Native. Or a negative errno
//	worker  listening               a server listens: its port
//	worker  close                   key: the worker's server is closed. No reply
//	worker  exitedAfterDisconnect   it leaves by itself, and waits for the reply
//	primary newconn                 key, and a connection as net.Native. The reply: accepted
//	primary disconnect              close the servers, wait for the connections, end the channel, exit
//
// A worker knows its number by NODE_UNIQUE_ID in its environment. A listener is shared by what its
// key is made of: address, port, addressType, fd and index, the number of the server among those of
// its worker that have the same address.
//
// # Guarantees
//
// Each sentence is what the tests hold that are named behind it.
//
//  1. The events of a worker are fork, online, listening, disconnect, exit, in this order. Exit
//     comes once for each, also for one that could not be started; the others at most once,
//     listening once a server. (W100, W110)
//  2. Both serializations, TCP, AF_UNIX and UDP, round robin and shared sockets, with Node and with
//     Go workers. (W100, W101, W102)
//  3. One connection is on its way to a worker. It stays open here until the worker has said that
//     it takes it, so that it goes to another worker when this one dies, refuses it or has no
//     descriptor left. A worker says so before its program has the connection, so that nobody else
//     answers it too. (W104, W105, W106)
//  4. When all workers refuse, the connection waits, and each is asked again 5 ms to 100 ms later:
//     the primary does not spin. (W105)
//  5. Options.MaxPending bounds the connections of a listener that are accepted and that no worker
//     has taken. What comes then waits in the kernel's backlog. A worker that hangs holds one, and
//     with Pick half of them. (W107, W111)
//  6. Listeners are the primary's: workers may all die, or be replaced, and no connection is
//     refused. (W062, W066, W067)
//  7. Reload and Upgrade tell an old worker to disconnect when a new one listens in its place, and
//     not before. (W062, W063)
//  8. A worker that is told to disconnect, or whose channel has ended, has ended after
//     Options.DisconnectTimeout. (W108, W106)
//  9. Whatever a worker sends, this program does not end, hang, or grow without bound: a worker has
//     at most Options.MaxListeners servers, a query has 64 KiB, and one that asks and does not read
//     is killed. (hostile_test.go)
//
// # What dies, and what the user sees
//
//	what                                   what the clients see            what the program sees
//	a worker, before it has accepted       another worker answers          OnDisconnect, OnExit
//	a worker, after that                   the connection is cut           OnDisconnect, OnExit
//	a worker hangs (SIGSTOP, a loop)       one waits for it, and with      nothing: it is for health checks of the program's
//	                                       Pick its others; the rest are   own to find out, and to Kill it
//	                                       answered by other workers
//	all workers                            they wait in the backlog        OnExit
//	all workers refuse                     they wait                       nothing
//	a worker's channel alone               as for the worker; a Node       OnDisconnect, OnExit; the process is killed after
//	                                       worker exits at once            DisconnectTimeout
//	a new version, at its start            nothing: the old one answers    done of Upgrade gets a *ReloadError
//	an address in use                      the old server answers          the worker's server has an error event
//	descriptors run out (EMFILE)           they wait in the backlog        OnError: *ListenError; accept goes on when it can
//	this program                           Node workers exit at once, and  a Go worker: Self.OnDisconnect
//	                                       their connections are cut
//
// # Differences from Node
//
// A listener outlives its workers unless its last one closes its server by itself, see
// Options.KeepListeners; of those that nobody uses, at most MaxListeners stay. A worker may name no
// descriptor of this program by listen({fd}) that is not among Options.FDs, and no AF_UNIX socket
// without a file ("\0name"), nor one whose path is too long. Workers get connections by number,
// each free one in turn, and not by who became free first.
//
// Node's primary asks a worker that refuses again at once, loses a connection whose worker dies
// before it has accepted, and accepts whatever comes.
//
// # Goroutines
//
// Everything is used on the loop goroutine, except [Server.Accept], [Server.Addr] and
// [Server.Close], the connections that Accept returns, and what ListenPacket gives.
package cluster
