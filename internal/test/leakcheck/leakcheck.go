// Package leakcheck fails a test binary that leaves something behind: an open descriptor, a child
// process or a goroutine. Every package's TestMain ends with it.
package leakcheck

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// graceTime is the time that something may take to go away by itself before it counts as a leak: a
// goroutine ends, and closes its descriptors, some time after it was told to. The wait is that long
// only if there is a leak. Only the tests of this package change it.
var graceTime = 5 * time.Second

// Main runs m.Run between two inventories and returns the exit code, non-zero when something
// leaked. It is the whole of a TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }
//
// Descriptors that were inherited, children that were there already and goroutines that run before
// the tests are not leaks. Each leak is printed to stderr on a line that begins with "leakcheck:",
// and when descriptors leaked the tests run once more, each in a process of its own, to print which
// of them leak.
//
// Main first runs the helper that this process was started as, see [helperproc.Main], and has the
// kernel refuse the calls that the environment lists, see [sandbox.Force]. A full run that passed
// (no -run or -skip, not -short) also fails when a registered helper was never started.
func Main(m *testing.M) int {
	helperproc.Main()
	touchPoller()
	sandbox.Force()
	before := takeInventory()
	code := m.Run()
	if flagValue("test.fuzzworker") == "true" {
		// The process that started this one for fuzzing runs the check; a worker is part of the
		// testing package.
		return code
	}
	leaks := awaitNone(before.leaks)
	if code == 0 && fullRun() {
		for _, name := range helperproc.Unused() {
			leaks = append(leaks, fmt.Sprintf("helper %q is registered but no test starts it", name))
		}
	}
	report(os.Stderr, leaks)
	if slices.ContainsFunc(leaks, isDescriptorLeak) {
		report(os.Stderr, blame())
	}
	if code == 0 && len(leaks) > 0 {
		return 1
	}
	return code
}

// NoNewFDs records the descriptors that are open now and fails t in its Cleanup, with number and
// target, if others are open then. It sees the whole process, so t must not run in parallel with
// other tests.
func NoNewFDs(t testing.TB) {
	t.Helper()
	before := FDs()
	t.Cleanup(func() {
		t.Helper()
		for _, leak := range awaitNone(func() []string { return changedFDs(before, FDs()) }) {
			t.Errorf("leakcheck: %s", leak)
		}
	})
}

// inventory has the descriptors, goroutines and children of the process at one moment.
type inventory struct {
	fds        map[int]string
	children   map[int]string
	goroutines map[int]string
}

func takeInventory() inventory {
	return inventory{fds: FDs(), children: children(), goroutines: goroutines()}
}

// leaks describes everything the process has now that is not in inv.
func (inv inventory) leaks() []string {
	now := takeInventory()
	leaks := changedFDs(inv.fds, now.fds)
	leaks = append(leaks, newChildren(inv.children, now.children)...)
	return append(leaks, newGoroutines(inv.goroutines, now.goroutines)...)
}

// awaitNone calls find until it finds nothing or graceTime has passed, and returns the last
// findings.
func awaitNone(find func() []string) []string {
	const longestWait = 50 * time.Millisecond
	deadline := time.Now().Add(graceTime)
	for wait := time.Millisecond; ; wait = min(2*wait, longestWait) {
		runtime.Gosched()
		found := find()
		if len(found) == 0 || time.Now().After(deadline) {
			return found
		}
		// A goroutine that ends, and a child that exits, report it to no one but their starter.
		time.Sleep(wait)
	}
}

// touchPoller makes the runtime open its poller now. It keeps those descriptors for good, from the
// first descriptor on that can be polled, and without this the first test that uses one would seem
// to leak them.
func touchPoller() {
	r, w, err := os.Pipe()
	if err != nil {
		panic("leakcheck: pipe: " + err.Error())
	}
	_, _ = r.Close(), w.Close() // They are new and empty: nothing can be lost.
}

// fullRun reports whether every test of the binary had its chance to start its helpers.
func fullRun() bool {
	return flagValue("test.run") == "" && flagValue("test.skip") == "" && flagValue("test.list") == "" &&
		flagValue("test.short") != "true" && flagValue("test.count") != "0"
}

// flagValue returns the value of a flag of the testing package, which parses them in m.Run.
func flagValue(name string) string {
	if f := flag.Lookup(name); f != nil {
		return f.Value.String()
	}
	return ""
}

func report(w io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "leakcheck: %s\n", line)
	}
}
