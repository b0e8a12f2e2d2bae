//go:build unix && !linux

package process

import "golang.org/x/sys/unix"

// Orphans are empty where this program cannot adopt any.
type Orphans struct{}

// AdoptOrphans returns ENOTSUP.
func AdoptOrphans() (*Orphans, error) { return nil, unix.ENOTSUP }

// Reap does nothing.
func (*Orphans) Reap(func(Orphan)) bool { return false }

// Left reports false.
func (*Orphans) Left() bool { return false }

// Release does nothing.
func (*Orphans) Release() {}
