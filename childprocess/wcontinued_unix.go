//go:build darwin || dragonfly || freebsd || openbsd

package childprocess

import "golang.org/x/sys/unix"

const wcontinued = unix.WCONTINUED
