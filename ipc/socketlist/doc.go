// Package socketlist counts connections over several processes: those that a [Server] of this
// process has accepted, in this process or sent to others, and those that came from servers of
// other processes. It speaks Node's protocol for that (Node v20, lib/internal/socket_list.js), the
// internal messages whose cmd begins with [Prefix].
//
// It uses channels only through [Channel]. Package ipc uses it: each ipc.Channel that has sent or
// received a counted connection has a [Peer], and ipc.Server is a Server.
//
//	NODE_SOCKET_GET_COUNT     how many connections of this key have you?
//	NODE_SOCKET_COUNT         so many
//	NODE_SOCKET_NOTIFY_CLOSE  tell me when you have none of this key any more
//	NODE_SOCKET_ALL_CLOSED    I have none
//
// A key names a server; it comes with each of its connections.
package socketlist
