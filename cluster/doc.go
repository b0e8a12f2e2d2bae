// Package cluster speaks the protocol of Node's cluster module: a Go program is the primary of unmodified Node workers, or a
// worker of a Node primary.
package cluster
