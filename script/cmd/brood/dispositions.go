package main

import (
	"slices"
	"strings"

	"github.com/brood-go/brood/signals"
)

// dispositions has signals that nobody listens to end the program as they end Node: Go's runtime
// drops most of them and prints what all goroutines do for some. Those that Node ignores, SIGPIPE
// and SIGXFSZ, the runtime drops as well. SIGHUP, SIGINT and SIGTERM are the runtime's, which ends
// the program by them unless it was started with one ignored, as by nohup(1).
//
// SIGUSR1 starts Node's debugger, and a script goes on. That there is none here is no reason to end
// a script, so it is dropped as long as Node would take it for itself.
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
	_ = signals.Default(all...) // Other systems than Linux leave these to the runtime.
}
