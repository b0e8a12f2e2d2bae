//go:build !linux

package main

import "github.com/brood-go/brood/signals"

// deathSignal is off, because only Linux can send one. A command learns of the server's death when
// it writes.
const deathSignal signals.Signal = 0
