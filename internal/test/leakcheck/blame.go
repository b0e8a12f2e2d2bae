package leakcheck

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"
)

const (
	// blameVariable is set in the environment of a process that runs one test to see whether it
	// leaks.
	blameVariable = "BROOD_LEAKCHECK_ALONE"

	// blameTime is how long the search for the leaking test may take, in which every test of the
	// binary runs once more.
	blameTime = time.Minute
)

// blame runs each test by itself, in a process of its own, and names those that leak descriptors.
// The kernel does not record the opener of a descriptor, so a test is the nearest place of a leak
// that can be found.
func blame() []string {
	if os.Getenv(blameVariable) != "" {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return []string{"no search for the test that leaks: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(context.Background(), blameTime)
	defer cancel()
	run := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, self, args...)
		// Under the race detector every process would sleep a second before it exits.
		cmd.Env = append(os.Environ(), blameVariable+"=1", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
		cmd.WaitDelay = time.Second // Its children may hold the output open after it was killed.
		return cmd.CombinedOutput()
	}
	filter, _, _ := strings.Cut(flagValue("test.run"), "/")
	if filter == "" {
		filter = "."
	}
	list, err := run("-test.list=" + filter)
	if err != nil {
		return []string{"no search for the test that leaks: " + err.Error()}
	}
	var found []string
	for name := range strings.Lines(string(list)) {
		name = strings.TrimSpace(name)
		if !strings.HasPrefix(name, "Test") && !strings.HasPrefix(name, "Example") {
			continue // Fuzz targets and benchmarks run too long.
		}
		out, err := run("-test.run=^"+name+"$", "-test.count=1", "-test.short="+flagValue("test.short"))
		if ctx.Err() != nil {
			return append(found, "the search for the test that leaks took too long")
		}
		exit, failed := errors.AsType[*exec.ExitError](err)
		if failed && exit.ExitCode() > 0 && bytes.Contains(out, []byte("leakcheck: "+descriptorPrefix)) {
			found = append(found, name+" leaks descriptors when it runs alone")
		}
	}
	if found == nil {
		return []string{"no test leaks descriptors when it runs alone"}
	}
	return found
}
