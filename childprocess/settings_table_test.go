package childprocess_test

import (
	"errors"
	"maps"
	"math/bits"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/process"
)

// oneSetting has each setting of the table in the package documentation, alone, with a value that
// is no mistake but that the system may refuse.
func oneSetting() map[string]childprocess.Options {
	none := func() error { return nil }
	self := []childprocess.IDMap{{0, os.Getuid(), 1}}
	allowAll := []childprocess.SockFilter{{Code: 6, K: 0x7fff0000}} // BPF_RET, SECCOMP_RET_ALLOW
	return map[string]childprocess.Options{
		"UID": {UID: new(uint32(os.Getuid()))}, "GID": {GID: new(uint32(os.Getgid()))}, "Groups": {Groups: []uint32{uint32(os.Getgid())}},
		"Detached": {Detached: true}, "Setpgid": {Setpgid: true}, "Chroot": {Chroot: "/"}, "Pdeathsig": {Pdeathsig: 15},
		"Cloneflags": {Cloneflags: 1 << (bits.Len64(uint64(process.Namespaces)) - 1)}, "UidMappings": {Cloneflags: process.NewUser, UidMappings: self},
		"GidMappings": {Cloneflags: process.NewUser, GidMappings: self}, "AmbientCaps": {AmbientCaps: []uintptr{0}}, "Cgroup": {Cgroup: "/no/such/cgroup"},
		"Umask": {Umask: new(0o22)}, "Nice": {Nice: new(19)}, "CPUs": {CPUs: []int{0}}, "OOMScore": {OOMScore: new(1000)},
		"IOPriority": {IOPriority: new(3 << 13)}, "Rlimits": {Rlimits: []childprocess.Rlimit{{4, 0, 0}}}, "NoNewPrivs": {NoNewPrivs: true},
		"Landlock": {Landlock: os.Stdin}, "Seccomp": {Seccomp: allowAll}, "Foreground": {Foreground: true},
		"FDsSlots": {FDPolicy: childprocess.FDsSlots}, "FDsCloseOnExec": {FDPolicy: childprocess.FDsCloseOnExec}, "PreSpawn": {PreSpawn: none},
		"PipeCapacity": {PipeCapacity: 1 << 16}, "ListenFDs": {ListenFDs: []childprocess.ListenFD{{Socket: os.Stdin}}},
	}
}

// tableOfSettings returns the rows of the table in the package documentation: a setting's cells for
// BackendFork, and for BackendForkExec on Linux, FreeBSD and others.
func tableOfSettings(t testing.TB) map[string][4]string {
	t.Helper()
	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "Linux     FreeBSD   others\n")
	require.True(t, ok)
	rows := map[string][4]string{}
	for line := range strings.Lines(table) {
		line, ok = strings.CutPrefix(strings.TrimRight(line, "\n"), "//\t")
		if !ok {
			break
		}
		// The columns begin below their heads.
		var cells [5]string
		for i, at := range []int{0, 21, 37, 47, 57} {
			end := len(line)
			if next := []int{21, 37, 47, 57, end}[i]; next < end {
				end = next
			}
			require.Less(t, at, len(line), line)
			cells[i] = strings.TrimSpace(line[at:end])
		}
		for name := range strings.SplitSeq(strings.ReplaceAll(cells[0], "Uid-", "UidMappings"), ", ") {
			require.NotContains(t, rows, name)
			rows[name] = [4]string(cells[1:])
		}
	}
	return rows
}

// The table is true about each backend of this system.
func TestTheTableOfSettingsIsTrue(t *testing.T) {
	noNewFDs(t)
	rows, settings := tableOfSettings(t), oneSetting()
	require.Equal(t, slices.Sorted(maps.Keys(settings)), slices.Sorted(maps.Keys(rows)))
	system := map[string]int{"linux": 1, "freebsd": 2}[runtime.GOOS]
	if system == 0 {
		system = 3
	}
	_, noFork := errors.AsType[*childprocess.UnsupportedError](startedWith(t, childprocess.Options{Backend: childprocess.BackendFork}))
	for name, row := range rows {
		if !noFork {
			t.Run(name+", BackendFork", func(t *testing.T) { requireCell(t, name, row[0], childprocess.BackendFork, settings[name]) })
			t.Run(name+", BackendAuto", func(t *testing.T) { requireCell(t, name, row[0], childprocess.BackendAuto, settings[name]) })
		}
		t.Run(name+", BackendForkExec", func(t *testing.T) { requireCell(t, name, row[system], childprocess.BackendForkExec, settings[name]) })
	}
}

// requireCell checks a cell of the table.
func requireCell(t *testing.T, name, cell string, backend childprocess.Backend, o childprocess.Options) {
	if tty, err := os.Open("/dev/tty"); err == nil {
		require.NoError(t, tty.Close())
		if o.Foreground && cell != "no" {
			t.Skip("the terminal of this test would be taken")
		}
	}
	o.Backend = backend
	if cell == "yes (1)" {
		o.FDPolicy = childprocess.FDsCloseOnExec
	}
	err := startedWith(t, o)
	refusal, ok := errors.AsType[*childprocess.UnsupportedError](err)
	if cell == "no" {
		require.True(t, ok, "%s: %v", name, err)
		require.Equal(t, name, refusal.Name)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		return
	}
	require.False(t, ok, "%s: %v", cell, err)
	if err != nil { // At least it is not ignored.
		failed, ok := errors.AsType[*childprocess.SpawnError](err)
		require.True(t, ok, "%v", err)
		require.NotContains(t, []childprocess.Step{childprocess.StepProgram, childprocess.StepResource}, failed.Step, "%v", err)
	}
}

// startedWith starts a program, waits for its exit, and returns the error if it could not be
// started.
func startedWith(t testing.TB, o childprocess.Options) (err error) {
	t.Helper()
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "true", nil, &o)
	if err != nil {
		return err
	}
	ev := events(c).reading()
	run(t, l)
	if ev.err == nil {
		require.True(t, ev.status.Success(), "%v", ev.status)
	}
	return ev.err
}
