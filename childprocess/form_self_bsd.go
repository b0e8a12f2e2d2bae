//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package childprocess

import "os"

// selfExecutable returns the program that is running.
func selfExecutable() (string, error) { return os.Executable() }

// nameProcess does nothing: the process has the name of its program.
func nameProcess() {}
