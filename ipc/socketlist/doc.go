// Package socketlist counts connections wherever they live: those that a [Server] of this process
// has accepted, whether they are here or were sent to other processes, and those that came from the
// servers of others. It speaks Node's protocol for that (Node v20, lib/internal/socket_list.js),
// the internal messages whose cmd begins with [Prefix].
//
// It knows nothing of channels but what [Channel] says. Package ipc uses it: each of its channels
// to which a counted connection belongs has a [Peer], and ipc.Server is a Server.
//
//	NODE_SOCKET_GET_COUNT     how many connections of this key have you?
//	NODE_SOCKET_COUNT         so many
//	NODE_SOCKET_NOTIFY_CLOSE  tell me when you have none of this key any more
//	NODE_SOCKET_ALL_CLOSED    I have none
//
// A key names a server; it comes with each of its connections.
package socketlist
