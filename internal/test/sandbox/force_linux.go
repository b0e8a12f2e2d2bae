package sandbox

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// forced are the names of the calls that [Force] has the kernel refuse.
var forced []string

// Force has the kernel refuse the calls that BROOD_TEST_REFUSE lists, in all threads of this
// program and in the programs that it starts. The list is an errno, a colon, and names of calls
// with commas between them, as in "EPERM:epoll_pwait2,splice". The name "all" stands for every call
// that has a fallback, except for those that other programs of the tests need (see excluded). If
// the list is wrong, Force panics.
//
// Preconditions:
//
//   - TestMain calls it, before any test runs.
//   - The Go runtime has opened its poller, because it cannot do without eventfd2(2).
func Force() {
	text := os.Getenv(variable)
	if text == "" {
		return
	}
	errno, calls, names, err := parse(text)
	if err == nil {
		err = install(unix.SECCOMP_FILTER_FLAG_TSYNC, compile(unix.SECCOMP_RET_ERRNO|uint32(errno), calls))
	}
	if err != nil {
		panic(fmt.Sprintf("%s=%s: %v", variable, text, err))
	}
	forced = names
}

func parse(text string) (errno unix.Errno, calls []Call, names []string, err error) {
	name, list, _ := strings.Cut(text, ":")
	i := slices.IndexFunc(refusals, func(e unix.Errno) bool { return unix.ErrnoName(e) == name })
	if i < 0 {
		return 0, nil, nil, fmt.Errorf("%q is not what sandboxes answer", name)
	}
	errno = refusals[i]
	wanted := strings.Split(list, ",")
	for _, n := range newer {
		if slices.Contains(wanted, n.name) || slices.Contains(wanted, "all") && !excluded(n.name, errno) {
			calls, names = append(calls, n.call), append(names, n.name)
		}
	}
	for _, name := range wanted {
		if name != "all" && !slices.Contains(names, name) {
			return 0, nil, nil, fmt.Errorf("no call is named %q", name)
		}
	}
	return errno, calls, names, nil
}

// Need skips t if [Force] has the kernel refuse one of these calls, which t cannot do without.
func Need(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if Forced(name) {
			t.Skipf("%s=%s refuses %s", variable, os.Getenv(variable), name)
		}
	}
}

// Forced reports whether [Force] has a call refused.
func Forced(name string) bool { return slices.Contains(forced, name) }
