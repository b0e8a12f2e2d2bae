//go:build darwin || dragonfly || freebsd || openbsd

package process

import "golang.org/x/sys/unix"

const wcontinued = unix.WCONTINUED
