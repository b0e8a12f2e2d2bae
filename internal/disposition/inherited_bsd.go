//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package disposition

import (
	"os"
	"syscall"
)

// inheritedIgnored knows of none besides those that signal.Ignored reports.
func inheritedIgnored() []os.Signal { return nil }

// There is no signal here that os/signal cannot touch.

func isForeign(syscall.Signal) bool    { return false }
func defaultForeign() (restore func()) { return func() {} }
