//go:build amd64 || arm64

package process_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// newStarter returns a Starter that is released with t.
func newStarter(t testing.TB) *process.Starter {
	t.Helper()
	s := new(process.Starter)
	t.Cleanup(func() { s.Release() })
	return s
}

// command is a Spec for a program without descriptors.
func command(file string, args ...string) *process.Spec {
	return &process.Spec{
		Files: []string{file},
		Args:  append([]string{filepath.Base(file)}, args...),
		Slots: []int{process.Closed, process.Closed, process.Closed},
	}
}

// start starts spec, which must be possible.
func start(t testing.TB, s *process.Starter, spec *process.Spec) process.Process {
	t.Helper()
	p, failure := s.Start(spec)
	require.Nil(t, failure, "%+v of %+v", failure, spec)
	return p
}

// finish waits for the end of p and returns it.
func finish(t testing.TB, p process.Process) process.Change {
	t.Helper()
	change, err := await(p)
	require.NoError(t, err)
	return change
}

// await is finish for any goroutine.
func await(p process.Process) (process.Change, error) {
	defer p.Close()
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			change, err := p.Wait(false, nil)
			change.Usage = nil // It is not what a test compares.
			return change, err
		}
		if err != unix.EINTR {
			return process.Change{}, err
		}
	}
}

// output runs spec and returns what it writes to slot 1.
func output(t testing.TB, s *process.Starter, spec *process.Spec) string {
	t.Helper()
	r, w, err := os.Pipe()
	require.NoError(t, err)
	defer r.Close()
	spec.Slots[1] = number(t, w)
	p := start(t, s, spec)
	require.NoError(t, w.Close())
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	require.Equal(t, process.Change{Kind: process.Exited}, finish(t, p), "%s", text)
	return string(text)
}

// number returns the descriptor of f, which stays non-blocking.
func number(t testing.TB, f *os.File) (fd int) {
	t.Helper()
	raw, err := f.SyscallConn()
	require.NoError(t, err)
	require.NoError(t, raw.Control(func(n uintptr) { fd = int(n) }))
	return fd
}

// An identity tells files apart.
type identity struct {
	dev, ino uint64
}

func (i identity) String() string { return fmt.Sprintf("%x:%d", i.dev, i.ino) }

func identityOf(t testing.TB, fd int) identity {
	t.Helper()
	var st unix.Stat_t
	require.NoError(t, unix.Fstat(fd, &st), "descriptor %d", fd)
	return identity{uint64(st.Dev), st.Ino}
}

// descriptorsOf returns the open descriptors of a child that makes no system calls, by number.
func descriptorsOf(t testing.TB, pid int) map[int]identity {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	found := map[int]identity{}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		require.NoError(t, err)
		var st unix.Stat_t
		err = unix.Stat(dir+"/"+entry.Name(), &st)
		if err != nil {
			link, _ := os.Readlink(dir + "/" + entry.Name())
			require.NoError(t, err, "%s: %s of %v", entry.Name(), link, entries)
		}
		found[fd] = identity{uint64(st.Dev), st.Ino}
	}
	return found
}

// status returns the fields of proc_pid_status(5) in text.
func status(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.TrimSpace(value)
	}
	return fields
}

// nothingIsLeft fails t now if there is a child, and at its end if other descriptors are open than
// now.
func nothingIsLeft(t *testing.T) {
	t.Helper()
	leakcheck.NoNewFDs(t)
	t.Cleanup(func() { noChild(t) })
}

func noChild(t testing.TB) {
	t.Helper()
	require.ErrorIs(t, unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil), unix.ECHILD)
}
