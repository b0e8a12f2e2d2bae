package process_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/process"
)

// cgroupFiles makes a directory with the files of a cgroup with a memory controller.
func cgroupFiles(t *testing.T) (set func(name, text string), dir string) {
	t.Helper()
	dir = t.TempDir()
	set = func(name, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	set("cgroup.events", "populated 0\nfrozen 0\n")
	set("cgroup.procs", "")
	set("memory.peak", "4096\n")
	return set, dir
}

func TestTheMemoryOfACgroupCountsFromTheStartOfTheChild(t *testing.T) {
	set, dir := cgroupFiles(t)
	c := process.NewClaim(dir)
	require.True(t, c.Owns())
	require.Zero(t, c.Memory(), "this much may have been another one's")
	set("memory.peak", "8192\n")
	require.Equal(t, int64(8192), c.Memory())
	c.Release()
	set("memory.peak", "16384\n")
	require.Equal(t, int64(8192), c.Memory(), "it was told with the exit")
	c.Release()

	set("memory.peak", "max\n")
	c = process.NewClaim(dir)
	set("memory.peak", "9999\n")
	require.Zero(t, c.Memory(), "what was before is not known")
	c.Release()
}

func TestACgroupIsOneChildsOwn(t *testing.T) {
	set, dir := cgroupFiles(t)
	before := process.Tenancies()
	first := process.NewClaim(dir)
	second := process.NewClaim(dir)
	set("memory.peak", "8192\n")
	require.False(t, first.Owns())
	require.False(t, second.Owns())
	require.Zero(t, first.Memory())
	first.Release()
	third := process.NewClaim(dir)
	require.False(t, third.Owns(), "the second one lives")
	second.Release()
	third.Release()
	fourth := process.NewClaim(dir)
	require.True(t, fourth.Owns())
	fourth.Release()
	require.False(t, fourth.Owns(), "nobody is left of it")

	set("cgroup.events", "populated 1\nfrozen 0\n")
	set("cgroup.procs", "0\n") // of a PID namespace that cannot be seen from here
	fifth := process.NewClaim(dir)
	require.False(t, fifth.Owns(), "somebody was there")
	fifth.Release()
	set("cgroup.events", "populated 1\nfrozen 0\n")
	set("cgroup.procs", "")
	sixth := process.NewClaim(dir)
	require.True(t, sixth.Owns(), "those who have ended are counted a moment longer, and not listed")
	sixth.Release()
	require.Equal(t, before, process.Tenancies())

	require.Nil(t, process.NewClaim(filepath.Join(dir, "none")))
	require.Zero(t, (*process.Claim)(nil).Memory())
}

// The record of a cgroup is dropped with its children, also if they have left processes behind.
func TestACgroupIsForgottenWithItsChildren(t *testing.T) {
	set, dir := cgroupFiles(t)
	before := process.Tenancies()
	func() {
		c := process.NewClaim(dir)
		set("cgroup.events", "populated 1\nfrozen 0\n")
		set("cgroup.procs", "1\n")
		c.Release()
		require.True(t, c.Owns())
		require.Equal(t, before+1, process.Tenancies())
	}()
	for range 1000 {
		runtime.GC()
		if process.Tenancies() == before {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("it is still remembered")
}
