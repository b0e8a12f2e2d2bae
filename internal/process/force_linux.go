//go:build amd64 || arm64

package process

// forcible are the words that Force knows, with the features that each takes away.
var forcible = map[string]features{
	"":              0,
	"noclone3":      clone3 | clearSighand | intoCgroup,
	"noclearsignal": clearSighand,
	"nounshare":     unsharedRange,
	"nocloserange":  unsharedRange | closeRange,
	"nopidfd":       pidfds,
	"nocgroup":      intoCgroup,
	"forkexec":      0,
}

// Force makes every start in this program behave as if the kernel lacked something: "noclone3",
// "noclearsignal", "nounshare", "nocloserange", "nopidfd", "nocgroup" for a clone that cannot put
// its child into a cgroup, or "forkexec" for syscall.ForkExec. It reports false for another word.
// Only tests use it.
//
// Preconditions:
//
//   - No process was started yet.
func Force(what string) bool {
	missing, ok := forcible[what]
	if ok {
		absent.Or(uint32(missing))
		forceForkExec.Store(what == "forkexec")
	}
	return ok
}
