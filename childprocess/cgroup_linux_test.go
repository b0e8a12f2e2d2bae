package childprocess_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// newCgroup makes a cgroup of version 2 for a test, below the one that this process is in.
func newCgroup(t testing.TB) (dir, path string) {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	root := ""
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); fields[2] == "cgroup2" {
			root = fields[1]
		}
	}
	if root == "" {
		t.Skip("no cgroup of version 2 is mounted here")
	}
	own := cgroupOf(t, os.Getpid())
	path = filepath.Join(own, "brood-"+strconv.Itoa(os.Getpid())+"-"+strings.ReplaceAll(t.Name(), "/", "-"))
	dir = root + path
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Skip("no cgroup can be made here: ", err)
	}
	t.Cleanup(func() {
		// A process that has exited is in it until the kernel has removed it.
		eventually(t, "the cgroup goes", func() bool { return !errors.Is(os.Remove(dir), unix.EBUSY) })
	})
	return dir, path
}

// cgroupOf returns the path of the version 2 cgroup of a process.
func cgroupOf(t testing.TB, pid int) string {
	t.Helper()
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/cgroup")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSpace(path)
		}
	}
	t.Skip("this process is in no cgroup of version 2")
	return ""
}

// hasNoWayInto reports whether a backend cannot start a child in a cgroup: syscall.ForkExec can do
// that by clone3(2) only.
func hasNoWayInto(backend childprocess.Backend) bool {
	return (backend == childprocess.BackendForkExec || plainFork()) && sandbox.Forced("clone3")
}

func TestAChildStartsInItsCgroup(t *testing.T) {
	noNewFDs(t)
	dir, path := newCgroup(t)
	own := cgroupOf(t, os.Getpid())
	for name, o := range map[string]childprocess.Options{
		"plain": {}, "async": {Async: true}, "ForkExec": {Backend: childprocess.BackendForkExec},
		"thread":                {PreSpawn: func() error { return nil }},
		"thread of ForkExec":    {PreSpawn: func() error { return nil }, Backend: childprocess.BackendForkExec},
		"inherited descriptors": {FDPolicy: childprocess.FDsCloseOnExec},
	} {
		o.Cgroup = dir
		if hasNoWayInto(o.Backend) {
			requireStep(t, failureOf(t, "/bin/cat", &o), childprocess.StepCgroup, unix.ENOSYS)
			continue
		}
		l := newLoop(t)
		got := output(t, l, spawn(t, l, "/bin/cat", []string{"/proc/self/cgroup"}, &o))
		require.Contains(t, got, "0::"+path+"\n", name)
	}
	require.Equal(t, own, cgroupOf(t, os.Getpid()))
}

func TestACgroupThatTakesNoProcessIsRefused(t *testing.T) {
	noNewFDs(t)
	dir, _ := newCgroup(t)
	below := filepath.Join(dir, "below")
	require.NoError(t, os.Mkdir(below, 0o755))
	defer os.Remove(below)
	refusedWith := func(want error, o childprocess.Options) {
		t.Helper()
		err := failureOf(t, "/bin/echo", &o)
		failed, ok := err.(*childprocess.SpawnError)
		require.True(t, ok, "%v", err)
		require.Equal(t, &childprocess.SpawnError{
			Op: "spawn", Step: childprocess.StepCgroup, File: "/bin/echo", Path: o.Cgroup, Args: []string{}, Err: want,
		}, failed)
		requireNoChildren(t)
	}
	for _, backend := range []childprocess.Backend{childprocess.BackendAuto, childprocess.BackendForkExec} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cgroup.freeze"), []byte("1"), 0))
		refusedWith(unix.EBUSY, childprocess.Options{Cgroup: dir, Backend: backend})
		refusedWith(unix.EBUSY, childprocess.Options{Cgroup: below, Backend: backend})
		require.NoError(t, os.WriteFile(filepath.Join(dir, "cgroup.freeze"), []byte("0"), 0))
		o := childprocess.Options{Cgroup: dir, Backend: backend}
		if hasNoWayInto(backend) {
			refusedWith(unix.ENOSYS, o)
		} else {
			l := newLoop(t)
			require.Equal(t, "text\n", output(t, l, spawn(t, l, "echo", []string{"text"}, &o)))
		}
		refusedWith(unix.ENOENT, childprocess.Options{Cgroup: dir + "/none", Backend: backend})
	}
	if v1, err := os.Stat("/sys/fs/cgroup/freezer/cgroup.procs"); err == nil && v1.Mode().IsRegular() {
		err := failureOf(t, "/bin/echo", &childprocess.Options{Cgroup: "/sys/fs/cgroup/freezer"})
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
}

// It needs the pids controller, which a system may have in a hierarchy of version 1.
func TestAFullCgroupIsToBlame(t *testing.T) {
	dir, _ := newCgroup(t)
	limit := filepath.Join(dir, "pids.max")
	if _, err := os.Stat(limit); err != nil {
		t.Skip("the cgroup does not limit processes: ", err)
	}
	require.NoError(t, os.WriteFile(limit, []byte("0"), 0))
	err := failureOf(t, "/bin/echo", &childprocess.Options{Cgroup: dir})
	failed, ok := err.(*childprocess.SpawnError)
	require.True(t, ok, "%v", err)
	require.Equal(t, childprocess.StepCgroup, failed.Step)
	require.Equal(t, unix.EAGAIN, failed.Err)
}
