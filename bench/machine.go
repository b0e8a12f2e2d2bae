package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/bench/samples"
)

// newRun returns a run with all that is known before the measurements.
func newRun() *samples.Run {
	var name unix.Utsname
	check(unix.Uname(&name))
	return &samples.Run{
		Date: time.Now().UTC().Truncate(time.Second),
		Machine: samples.Machine{
			Processor: processor(), CPUs: runtime.NumCPU(), Go: runtime.Version(),
			System: unix.ByteSliceToString(name.Sysname[:]) + " " + unix.ByteSliceToString(name.Release[:]) + " " + runtime.GOARCH,
		},
		Pinning:  fmt.Sprintf("every contestant may run on %d processors, where a scenario does not say otherwise", everyCPU.Count()),
		Versions: map[string]string{}, Missing: map[string]string{},
	}
}

// processor returns the name of the processor, if the system tells it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.Trim(name, " \t:\n")
		}
	}
	return "unknown processor"
}

// pin restricts this program and its children to the given processors.
func pin(list string) error {
	if list == "" {
		return nil
	}
	everyCPU.Zero()
	for word := range strings.SplitSeq(list, ",") {
		cpu, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		everyCPU.Set(cpu)
	}
	setAffinity(os.Getpid(), &everyCPU)
	runtime.GOMAXPROCS(everyCPU.Count())
	return nil
}

// foundVersions has the versions of the measured peers, by name.
var foundVersions = map[string]string{}
