// Package cluster speaks the protocol of Node's cluster module. With it a Go program can be the
// primary of unmodified Node workers, or a worker of a Node primary, or both sides can be Go.
//
// A [Cluster] is a primary: it forks workers, listens for them, and assigns each connection to one
// of them. [Join] is the other side: it makes this program a worker, whose [Server] is a
// net.Listener. All workers of one cluster run the same program; [Options].Self makes that the
// primary's own.
//
//	c, err := cluster.New(loop, &cluster.Options{ExecPath: "node", Module: "server.js"})
//	c.OnExit(func(e *cluster.Exit) { if !e.Worker.ExitedAfterDisconnect() { c.Fork(nil) } })
//	for range runtime.NumCPU() { c.Fork(nil) }
//
// # Protocol
//
// A message is an object with cmd "NODE_CLUSTER" and a number seq, on the worker's IPC channel; the
// program's own message listeners do not get it. A reply has the seq of its message as ack (Node
// v20, lib/internal/cluster/primary.js, child.js, round_robin_handle.js, shared_handle.js; observed
// on the wire of v20.20.2).
//
//	from    act                     meaning
//	worker  online                  its program runs
//	worker  queryServer             index, data, address, port, addressType, fd, flags, backlog, readableAll, writableAll.
//	                                The reply for round robin: errno null, key, data, sockname. Else errno 0 with the bound
//	                                socket as net.Native or dgram.Native. Or a negative errno
//	worker  listening               a server listens: its port
//	worker  close                   key: the worker closed its server. No reply
//	worker  exitedAfterDisconnect   the worker disconnects by itself. It waits for the reply
//	primary newconn                 key, and a connection as net.Native. The reply: accepted
//	primary disconnect              close the servers, wait for the connections, close the channel, exit
//
// A worker finds its number in NODE_UNIQUE_ID of its environment. Workers share a listener by its
// key: address, port, addressType, fd and index. The index numbers the servers of one worker on one
// address.
//
// # Guarantees
//
// Behind each guarantee are the behaviours of childprocess/CONFORMANCE.md whose tests hold it.
//
//  1. The events of a worker come in the order fork, online, listening, disconnect, exit. Exit
//     comes once for each worker, also for one that could not be started; listening at most once
//     for each server; the others at most once. (W100, W110)
//  2. Both serializations, TCP, AF_UNIX and UDP, round robin and shared sockets work with Node and
//     with Go workers. (W100, W101, W102)
//  3. A worker is assigned one connection at a time. The primary keeps its descriptor until the
//     worker has accepted the connection. If the worker dies, refuses, or has no descriptor left,
//     another worker gets the connection. A worker replies before its program has the connection,
//     so no second worker answers the same client. (W104, W105, W106)
//  4. When all workers refuse, the connection waits. Each worker is asked again after 5 ms to 100
//     ms, so the primary does not spin. (W105)
//  5. Options.MaxPending bounds the connections of a listener that are accepted and that no worker
//     has taken. Later ones wait in the kernel's backlog. A worker that hangs holds up one
//     connection, or with Pick half of MaxPending. (W107, W111)
//  6. The listeners belong to the primary: when all workers die or are replaced, no connection is
//     refused. (W062, W066, W067)
//  7. Reload and Upgrade disconnect an old worker only when a new one listens in its place. (W062,
//     W063)
//  8. A worker exits within Options.DisconnectTimeout after Disconnect was called on it, or its
//     channel closed, because it is killed otherwise. (W108, W106)
//  9. Whatever a worker sends, this program does not exit, hang, or use unbounded memory: a worker
//     has at most Options.MaxListeners servers, a query has at most 64 KiB, and a worker that asks
//     without reading the answers is killed. (hostile_test.go)
//
// # Failures
//
//	failure                                clients                         program
//	a worker dies before it accepted       another worker answers          OnDisconnect, OnExit
//	a worker dies after it accepted        the connection is cut           OnDisconnect, OnExit
//	a worker hangs (SIGSTOP, a loop)       one waits for it, with Pick     nothing: the program needs a health check of its own,
//	                                       up to half of MaxPending;       and kills the worker
//	                                       other workers answer the rest
//	all workers die                        they wait in the backlog        OnExit
//	all workers refuse                     they wait                       nothing
//	only a worker's channel closes         as if the worker died; a Node   OnDisconnect, OnExit; the process is killed after
//	                                       worker exits at once            DisconnectTimeout
//	a new version fails at its start       the old version answers         done of Upgrade gets a *ReloadError
//	an address is in use                   the old server answers          the worker's server has an error event
//	descriptors run out (EMFILE)           they wait in the backlog        OnError: *ListenError; accept is tried again
//	this program dies                      Node workers exit at once,      a Go worker: Self.OnDisconnect
//	                                       which cuts their connections
//
// # Differences from Node
//
// A listener outlives its workers unless its last worker closes its server by itself, see
// Options.KeepListeners. At most MaxListeners listeners are kept without a worker. A worker can use
// a descriptor of this program, listen({fd}), only if it is among Options.FDs. It cannot listen on
// an AF_UNIX socket without a file ("\0name"), or with a path that is too long. Workers get
// connections in the order of their numbers, and not in the order in which they became free.
//
// Node's primary asks a worker that refuses again at once, loses a connection if its worker dies
// before it accepted, and accepts without bound.
//
// # Goroutines
//
// Everything must be used on the loop goroutine, except [Server.Accept], [Server.Addr] and
// [Server.Close], the connections of Accept, and the net.PacketConn of [Self.ListenPacket].
package cluster
