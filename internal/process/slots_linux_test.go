//go:build amd64 || arm64

package process_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// highestSource is the highest descriptor of the layouts, where the limit allows it.
const highestSource = 15_000

// highestNumber returns most or, if the limit is lower, the highest possible number of a
// descriptor.
func highestNumber(t testing.TB, most int) int {
	t.Helper()
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if limit.Cur <= uint64(most) {
		t.Logf("only %d descriptors are allowed, not %d", limit.Cur, most+1)
		return int(limit.Cur) - 1
	}
	return most
}

// A layout is the slots of a child, and the descriptors open in the parent during the start.
type layout struct {
	slots []int
	open  []int // close-on-exec, and new
	loose []int // not close-on-exec, and no source
	pidfd bool
}

func (l layout) String() string {
	return fmt.Sprintf("slots %v, open %v, not close-on-exec %v, pidfd %v", l.slots, l.open, l.loose, l.pidfd)
}

// moves reports whether a source has to be moved before its slot is filled.
func (l layout) moves() bool {
	for slot, source := range l.slots {
		if source >= 0 && source < slot {
			return true
		}
	}
	return false
}

// layouts makes random layouts whose sources are among the slots, near and far. taken are numbers
// in use.
func layouts(taken map[int]string, highest int, loose bool) *rapid.Generator[layout] {
	return rapid.Custom(func(t *rapid.T) layout {
		l := layout{pidfd: rapid.Bool().Draw(t, "pidfd")}
		n := rapid.IntRange(1, 40).Draw(t, "slots")
		used := maps.Clone(taken)
		free := func(label string) []int {
			number := rapid.OneOf(rapid.IntRange(3, n+3), rapid.IntRange(3, 120), rapid.IntRange(3, highest))
			var fds []int
			for _, fd := range rapid.SliceOfN(number, 0, n).Draw(t, label) {
				if _, known := used[fd]; !known {
					used[fd] = label
					fds = append(fds, fd)
				}
			}
			return fds
		}
		l.open = free("open")
		if loose {
			l.loose = free("loose")
		}
		sources := append([]int{process.Closed, 0, 1, 2}, l.open...)
		if rapid.Bool().Draw(t, "permutation") {
			l.slots = rapid.Permutation(sources).Draw(t, "sources")[:min(n, len(sources))]
		} else {
			l.slots = rapid.SliceOfN(rapid.SampledFrom(sources), n, n).Draw(t, "sources")
		}
		return l
	})
}

// openAt opens a file of its own at each of the numbers, every second one a pipe. The caller must
// close them.
func openAt(t testing.TB, fds []int, flags int) {
	t.Helper()
	for i, fd := range fds {
		var ends [2]int
		if i%2 == 0 {
			require.NoError(t, unix.Pipe2(ends[:], unix.O_CLOEXEC))
			require.NoError(t, unix.Close(ends[1]))
		} else {
			memory, err := unix.MemfdCreate("source", unix.MFD_CLOEXEC)
			require.NoError(t, err)
			ends[0] = memory
		}
		// The lowest free number can be the wanted one.
		if ends[0] == fd {
			_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, flags&unix.FD_CLOEXEC)
			require.NoError(t, err)
			continue
		}
		cloexec := 0
		if flags&unix.FD_CLOEXEC != 0 {
			cloexec = unix.O_CLOEXEC
		}
		require.NoError(t, unix.Dup3(ends[0], fd, cloexec))
		require.NoError(t, unix.Close(ends[0]))
	}
}

func closeAll(t testing.TB, fds []int) {
	t.Helper()
	for _, fd := range fds {
		require.NoError(t, unix.Close(fd))
	}
}

// lookAt returns the descriptors of a child that runs pauseProgram, and kills it.
func lookAt(t testing.TB, p process.Process) map[int]identity {
	t.Helper()
	defer p.Abort()
	// The parent may go on while the kernel still closes close-on-exec descriptors.
	paused(t, p.Pid)
	return descriptorsOf(t, p.Pid)
}

// paused waits until a child is in the system call of pauseProgram.
func paused(t testing.TB, pid int) {
	t.Helper()
	for begun := time.Now(); ; runtime.Gosched() {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
		require.NoError(t, err)
		number, _, _ := strings.Cut(string(text), " ")
		if _, err := strconv.Atoi(number); err == nil && number != strconv.Itoa(unix.SYS_EXECVE) && number != "-1" {
			return
		}
		require.Less(t, time.Since(begun), hangTime, "%s", text)
	}
}

// The next test runs the same for each variant, this one for the forced variant.
func TestAChildHasExactlyItsSlots(t *testing.T) { checkLayouts(t, os.Getenv(forkSwitch)) }

func TestAChildHasExactlyItsSlotsUnderEveryFork(t *testing.T) {
	eachFork(t, append(slices.Clone(ownForks[1:]), "forkexec"), checkLayouts)
}

func checkLayouts(t *testing.T, variant string) {
	nothingIsLeft(t)
	pause := pauseProgram.newProgram(t)
	highest := highestNumber(t, highestSource)
	starters := [2]*process.Starter{newStarter(t), newStarter(t)}
	starters[0].Reserve()
	// The second one never reserves numbers.
	starters[1].Release()
	all := layouts(leakcheck.FDs(), highest, true)
	rapid.Check(t, func(rt *rapid.T) {
		l := all.Draw(rt, "layout")
		openAt(t, l.open, unix.FD_CLOEXEC)
		defer closeAll(t, l.open)
		openAt(t, l.loose, 0)
		defer closeAll(t, l.loose)
		want := map[int]identity{}
		for slot, source := range l.slots {
			if source != process.Closed {
				want[slot] = identityOf(t, source)
			}
		}
		before := leakcheck.FDs()
		inherited, above := maps.Clone(want), len(l.slots)
		if variant == "forkexec" {
			above = max(above, 3) // It closes the first three without a slot.
		}
		for fd := range before {
			if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 && fd >= above {
				inherited[fd] = identityOf(t, fd)
			}
		}
		for i, s := range starters {
			spec := command(pause)
			spec.Slots, spec.Pidfd = l.slots, l.pidfd
			slots := slices.Clone(l.slots)
			p, failure := s.Start(spec)
			if failure != nil {
				rt.Fatalf("starter %d: %+v: %v", i, failure, l)
			}
			got := lookAt(t, p)
			if !maps.Equal(want, got) {
				rt.Fatalf("starter %d: the child has %v, not %v: %v", i, got, want, l)
			}
			spec.InheritOpen = true
			if p, failure = s.Start(spec); failure != nil {
				rt.Fatalf("starter %d, with what is not close-on-exec: %+v: %v", i, failure, l)
			}
			// ForkExec moves sources that would be overwritten to numbers that may be in use.
			if got := lookAt(t, p); !maps.Equal(inherited, got) && (variant != "forkexec" || !l.moves()) {
				rt.Fatalf("starter %d: the child has %v, not %v, with what is not close-on-exec: %v", i, got, inherited, l)
			}
			if !slices.Equal(slots, l.slots) {
				rt.Fatalf("the slots of the caller were changed: %v, %v", slots, l)
			}
		}
		require.Equal(t, before, leakcheck.FDs(), "%v", l)
	})
}

func TestAChildSeesNoDescriptorThatOthersOpenMeanwhile(t *testing.T) {
	eachFork(t, append(slices.Clone(ownForks), "forkexec"), func(t *testing.T, _ string) {
		nothingIsLeft(t)
		starts := 500
		if testing.Short() {
			starts = 50
		}
		pause := pauseProgram.newProgram(t)
		s := newStarter(t)
		s.Reserve()
		// They run until this test ends, which waits for them.
		var group sync.WaitGroup
		var done atomic.Bool
		var opened atomic.Int64
		defer group.Wait()
		defer done.Store(true)
		for range 2 {
			group.Go(func() {
				for ; !done.Load(); opened.Add(1) {
					openAndCloseLoose()
					runtime.Gosched()
				}
			})
		}
		var ends [2]int
		require.NoError(t, unix.Pipe2(ends[:], unix.O_CLOEXEC))
		defer closeAll(t, ends[:])
		want := map[int]identity{0: identityOf(t, ends[0]), 2: identityOf(t, ends[1]), 3: identityOf(t, ends[0])}
		for i := range starts {
			spec := command(pause)
			spec.Slots = []int{ends[0], process.Closed, ends[1], ends[0]}
			spec.Pidfd = i%2 == 0
			p := start(t, s, spec)
			got := lookAt(t, p)
			require.Equal(t, want, got, "start %d", i)
		}
		require.Greater(t, opened.Load(), int64(starts), "descriptors came and went during the starts")
	})
}

// openAndCloseLoose opens some descriptors that are not close-on-exec, as C code would, and closes
// them.
func openAndCloseLoose() {
	var fds []int
	keep := func(fd int, err error) {
		if err == nil {
			fds = append(fds, fd)
		}
	}
	keep(unix.Open("/dev/null", unix.O_RDWR, 0))
	keep(unix.Dup(2))
	keep(unix.FcntlInt(2, unix.F_DUPFD, rand.IntN(2000)))
	var ends [2]int
	if unix.Pipe(ends[:]) == nil {
		fds = append(fds, ends[0], ends[1])
	}
	keep(unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0))
	for _, fd := range fds {
		_ = unix.Close(fd) // It was opened just now.
	}
}
