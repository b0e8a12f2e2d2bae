//go:build amd64 || arm64

package process_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
	"github.com/brood-go/brood/internal/process"
)

// cgroupMount returns where cgroups of version 2 are mounted.
func cgroupMount(t *testing.T) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); fields[2] == "cgroup2" {
			return fields[1]
		}
	}
	t.Skip("no cgroup of version 2 is mounted here")
	return ""
}

// 0 stands for no cgroup, and would be the stdin of a child that inherits the closed one.
func TestADirectoryOfACgroupIsNoStandardDescriptor(t *testing.T) {
	dir := cgroupMount(t)
	if !alone(t) {
		return
	}
	stdin, err := fd.Duplicate(0, 3)
	require.NoError(t, err)
	require.NoError(t, unix.Close(0))
	n, err := process.OpenCgroup(dir)
	require.NoError(t, fd.Replace(0, stdin))
	require.NoError(t, err)
	defer fd.Close(n)
	require.Greater(t, n, 2)
}
