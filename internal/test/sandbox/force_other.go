//go:build !linux

package sandbox

import (
	"os"
	"testing"
)

// Force panics if anything is to be refused: these systems have no seccomp(2).
func Force() {
	if text := os.Getenv(variable); text != "" {
		panic(variable + "=" + text + ": only Linux can refuse system calls")
	}
}

// Need does nothing.
func Need(testing.TB, ...string) {}

// Forced reports false.
func Forced(string) bool { return false }
