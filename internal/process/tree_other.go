//go:build unix && !linux

package process

import "syscall"

// HasTrees says that the descendants of a process cannot be found.
const HasTrees = false

// A Tree is empty here.
type Tree struct{}

// Tree returns nil.
func (p Process) Tree(waited bool) *Tree { return nil }

// Signal does nothing.
func (*Tree) Signal(s syscall.Signal, wake bool) (sent, refused int, why error) { return 0, 0, nil }

// Ended reports true.
func (*Tree) Ended() bool { return true }
