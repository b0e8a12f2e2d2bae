//go:build !darwin && !freebsd && !linux

// Evioserver is a server on evio, which does not build for this system.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "evioserver: evio does not build for this system")
	os.Exit(1)
}
