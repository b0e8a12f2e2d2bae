//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package childprocess

import "os"

// selfExecutable returns the path of the running program.
func selfExecutable() (string, error) { return os.Executable() }

// nameProcess does nothing, because the process has the name of its program.
func nameProcess() {}
