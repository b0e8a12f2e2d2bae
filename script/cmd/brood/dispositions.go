package main

import (
	"slices"
	"strings"

	"github.com/brood-go/brood/signals"
)

// dispositions makes signals without a listener end the program as they end Node: Go's runtime
// drops most of them, and prints all goroutines for some. SIGPIPE and SIGXFSZ, which Node ignores,
// the runtime drops as well. SIGHUP, SIGINT and SIGTERM stay with the runtime, which lets them end
// the program unless it was started with them ignored, as by nohup(1).
//
// Node starts its debugger on SIGUSR1, and the script goes on. Without a debugger the signal is
// dropped, unless --disable-sigusr1 makes it an ordinary signal.
func dispositions(flags []string) {
	var all []signals.Signal
	names := "QUIT TRAP ABRT USR2 ALRM STKFLT XCPU VTALRM PROF IO PWR SYS"
	if slices.Contains(flags, "--disable-sigusr1") {
		names += " USR1"
	}
	for name := range strings.FieldsSeq(names) {
		if s, err := signals.Parse(name); err == nil { // Not all systems have all.
			all = append(all, s)
		}
	}
	first, err := signals.Parse("RTMIN+1")
	last, _ := signals.Parse("RTMAX")
	for s := first; err == nil && s <= last; s++ {
		all = append(all, s)
	}
	_ = signals.Default(all...) // Best effort: systems other than Linux leave these to the runtime.
}
