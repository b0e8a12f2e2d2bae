package childprocess_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// shapes-shortage starts children with every shape while descriptors are short: none free
	// first, then one more each time, until a child works.
	helperproc.Register("shapes-shortage", func(args []string) {
		l := check(openLoop())
		check(0, childprocess.Prepare(l))
		async := args[1] == "async"
		small := check(os.OpenFile(args[2], os.O_WRONLY, 0))
		tried := func(limit uint64) error {
			var was unix.Rlimit
			check(0, unix.Getrlimit(unix.RLIMIT_NOFILE, &was))
			check(0, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: limit, Max: was.Max}))
			defer unix.Setrlimit(unix.RLIMIT_NOFILE, &was)
			out := childprocess.Path(args[0], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
			c, err := childprocess.Spawn(l, "/bin/cat", nil, &childprocess.Options{Async: async, Stdio: []childprocess.Stdio{
				childprocess.Input(bytes.NewReader([]byte("text"))),
				childprocess.Tee(out, childprocess.Pipe, childprocess.File(small), childprocess.FD(2)),
				childprocess.Tee(childprocess.Inherit, out),
				childprocess.SameAs(1), childprocess.SameAs(2), out,
			}})
			if err != nil {
				return err
			}
			ev := events(c)
			c.Stdout.Resume()
			check(0, l.Run())
			if ev.err == nil && (!ev.status.Success() || c.Stdout.BytesRead() != 4) {
				fail(fmt.Errorf("%v: %d bytes", ev.Entries, c.Stdout.BytesRead()))
			}
			return ev.err
		}
		_ = tried(1 << 10) // Now everything that is opened once is open.
		before := ownNumbers()
		highest := before[len(before)-1]
		failures := 0
		for limit := uint64(3); limit < uint64(highest)+64; limit++ {
			err := tried(limit)
			if err != nil && !errors.Is(err, unix.EMFILE) {
				if _, ok := errors.AsType[*childprocess.SpawnError](err); !ok {
					fail(err)
				}
			}
			if err != nil {
				failures++
			}
			if after := ownNumbers(); fmt.Sprint(after) != fmt.Sprint(before) && len(after) > len(before) {
				fail(fmt.Errorf("limit %d: before %v, after %v", limit, before, after))
			}
		}
		fmt.Print(failures)
	})

	// exclusive-shortage starts children on a Path with O_EXCL, with few free descriptors: the last
	// of which is a standard descriptor that this program has closed.
	helperproc.Register("exclusive-shortage", func(args []string) {
		openRuntimePoller()
		try := func(async bool, left int) error {
			l := check(openLoop())
			check(0, childprocess.Prepare(l))
			giveBack := takeDescriptors(left)
			check(0, unix.Close(0))
			name := fmt.Sprint(args[0], async, left)
			c, err := childprocess.Spawn(l, "/bin/true", nil, &childprocess.Options{Async: async, Stdio: []childprocess.Stdio{
				childprocess.SameAs(1), childprocess.Path(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600), childprocess.Inherit,
			}})
			check(0, err)
			ev := events(c)
			check(0, l.Run())
			giveBack()
			check(unix.Open(os.DevNull, unix.O_RDONLY, 0))
			check(0, l.Close())
			return ev.err
		}
		for left := range 16 {
			for _, async := range []bool{false, true} {
				if err := try(async, left); err != nil && !errors.Is(err, unix.EMFILE) {
					fail(fmt.Errorf("Async %t, %d left: %w", async, left, err))
				}
			}
		}
	})
}

func ownNumbers() (numbers []int) {
	for n := range 1 << 10 {
		if isOpen(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestShapesLeaveNothingWhenDescriptorsAreShort(t *testing.T) {
	noNewFDs(t)
	dir := t.TempDir()
	for _, kind := range []string{"sync", "async"} {
		t.Run(kind, func(t *testing.T) {
			l := newLoop(t)
			c := start(t, l, "shapes-shortage", filepath.Join(dir, kind), kind, "/dev/null")
			failures := check(strconv.Atoi(output(t, l, c)))
			require.Positive(t, failures)
		})
	}
}

// The file was created before the descriptors ran out, so it must not be opened a second time.
func TestAPathIsOpenedOnceWhenDescriptorsAreShort(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	output(t, l, start(t, l, "exclusive-shortage", filepath.Join(t.TempDir(), "file")))
}
