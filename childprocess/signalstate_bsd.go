//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package childprocess

import "os"

// emptySignalMask has nothing to do: on kqueue systems nothing here blocks signals.
func emptySignalMask() (restore func()) { return func() {} }

// inheritedIgnored knows of none besides those that signal.Ignored reports.
func inheritedIgnored() []os.Signal { return nil }
