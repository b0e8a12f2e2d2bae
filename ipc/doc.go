// Package ipc exchanges messages and handles with another process over a stream socketpair(2), as Node's child_process
// does: the same bytes, so that the peer may be a Node program, parent or child.
package ipc
