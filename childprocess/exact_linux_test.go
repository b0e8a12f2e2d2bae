package childprocess_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// full opens as many descriptors as its argument says, or as it may. Then it uses the library
	// for the first time and starts children.
	helperproc.Register("full", func(args []string) {
		openRuntimePoller()
		wanted := check(strconv.Atoi(args[0]))
		limit := unix.Rlimit{Cur: uint64(wanted) + 200, Max: uint64(wanted) + 200}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) != nil { // Only root may raise it.
			check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
			wanted = min(wanted, int(limit.Cur)-200)
		}
		for range wanted {
			check(unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0))
		}
		before := leakcheck.FDs()
		l := check(openLoop())
		check(0, expectExactSlots(l))
		childprocess.RetireBackground()
		check(0, l.Close())
		childprocess.OpenPrivateLoops(openLoop) // This closes the idle ones.
		if after := leakcheck.FDs(); len(after) != len(before) {
			fail(fmt.Errorf("%d descriptors became %d", len(before), len(after)))
		}
		fmt.Print(len(before))
	})

	// bare closes some of its descriptors 0 to 2, which are the digits in its argument, and starts
	// children.
	helperproc.Register("bare", func(args []string) {
		openRuntimePoller()
		l := check(openLoop())
		check(0, expectInherited(l, [3]bool{})) // Now the loop has all its descriptors.
		var closed [3]bool
		for _, digit := range args[0] {
			closed[digit-'0'] = true
			check(0, unix.Close(int(digit-'0')))
		}
		check(0, expectInherited(l, closed))
		check(0, expectExactSlots(l))
		childprocess.RetireBackground()
		// This closes the idle ones, which have low numbers.
		childprocess.OpenPrivateLoops(openLoop)
		check(0, expectInherited(l, closed))
		for fd := range closed {
			if isOpen(fd) == closed[fd] {
				fail(fmt.Errorf("descriptor %d: open %v", fd, isOpen(fd)))
			}
		}
		check(0, l.Close())
	})
}

// The descriptors of an ls(1) that lists its own: with three slots, and with five of which the
// fourth is closed.
const (
	threeSlots = "0\n1\n2\n3\n"
	fiveSlots  = "0\n1\n2\n3\n4\n"
)

// expectExactSlots starts a child by each form, and returns an error if one does not have exactly
// its slots. The loop is idle.
func expectExactSlots(l *reactor.Loop) error {
	const file, dir = "/bin/ls", "/proc/self/fd"
	seen := map[string]string{}
	out, err := childprocess.Output(context.Background(), file, dir)
	seen["Output"] = string(out)
	r := childprocess.SpawnSync(file, []string{dir}, nil)
	seen["SpawnSync"] = string(r.Stdout)
	err = errors.Join(err, r.Err)
	for name, o := range map[string]*childprocess.Options{
		"Spawn": nil, "Async": async(), "five": {Stdio: []childprocess.Stdio{4: childprocess.Pipe}},
		"five, Async": {Async: true, Stdio: []childprocess.Stdio{4: childprocess.Pipe}},
	} {
		c, spawnErr := childprocess.Spawn(l, file, []string{dir}, o)
		if spawnErr != nil {
			return spawnErr
		}
		ev := events(c).reading()
		err = errors.Join(err, l.Run(), ev.err)
		seen[name] = string(ev.data[1])
	}
	for name, numbers := range seen {
		want := threeSlots
		if name == "five" || name == "five, Async" {
			want = fiveSlots
		}
		// Its children inherit the descriptors with which this program was started.
		if numbers != want && !plainFork() {
			err = errors.Join(err, fmt.Errorf("%s: the child has %q", name, numbers))
		}
	}
	return err
}

// expectInherited starts children that inherit one descriptor each. A closed one cannot be
// inherited.
func expectInherited(l *reactor.Loop, closed [3]bool) error {
	for fd := range closed {
		for _, async := range []bool{false, true} {
			o := &childprocess.Options{Async: async, Stdio: append(childprocess.AllStdio(childprocess.Ignore), childprocess.Pipe)}
			o.Stdio[fd] = childprocess.Inherit
			text := ""
			c, err := childprocess.Spawn(l, shell, []string{"-c", "echo text >&3"}, o)
			if err == nil {
				ev := events(c).reading()
				err = errors.Join(l.Run(), ev.err)
				text = string(ev.data[3])
			}
			if errors.Is(err, syscall.EBADF) != closed[fd] || (text == "text\n") == closed[fd] {
				return fmt.Errorf("slot %d of %v: %q, %w", fd, closed, text, err)
			}
		}
	}
	return nil
}

func TestChildrenStartAsEverWhereManyDescriptorsAreOpen(t *testing.T) {
	l := newLoop(t)
	t.Log(output(t, l, start(t, l, "full", "20000")), "descriptors")
}

func TestChildrenStartAsEverWhereStandardDescriptorsAreClosed(t *testing.T) {
	for _, closed := range []string{"", "0", "1", "2", "01", "02", "12", "012"} {
		t.Run(closed, func(t *testing.T) {
			l := newLoop(t)
			output(t, l, start(t, l, "bare", closed))
		})
	}
}

// Other threads open descriptors that an execve(2) leaves open.
func TestAChildHasOnlyItsSlotsWhileOtherThreadsOpenFiles(t *testing.T) {
	if plainFork() {
		t.Skip("children of syscall.ForkExec have what is not close-on-exec")
	}
	noNewFDs(t)
	ctx, cancel := context.WithCancel(t.Context())
	var opening sync.WaitGroup
	for range 2 {
		opening.Go(func() {
			for ctx.Err() == nil {
				var fds []int
				for range 20 {
					if fd, err := unix.Open(os.DevNull, unix.O_RDONLY, 0); err == nil {
						fds = append(fds, fd)
					}
				}
				for _, fd := range fds {
					_ = unix.Close(fd)
				}
			}
		})
	}
	defer opening.Wait()
	defer cancel()
	l := newLoop(t)
	for range 90 { // Six of them each time.
		require.NoError(t, expectExactSlots(l))
	}
}
