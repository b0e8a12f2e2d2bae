package childprocess_test

import (
	"errors"
	"math"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

//brood:checks S057
func TestAMistakeInASettingIsNamed(t *testing.T) {
	noNewFDs(t)
	never := func() error { panic("PreSpawn was called") }
	for want, o := range map[string]childprocess.Options{
		"spawn: Umask is out of range":                                         {Umask: new(0o1000)},
		"spawn: Nice is out of range":                                          {Nice: new(20)},
		"spawn: IOPriority is out of range":                                    {IOPriority: new(4 << 13)},
		"spawn: OOMScore is out of range":                                      {OOMScore: new(1001)},
		"spawn: CPUs is empty":                                                 {CPUs: []int{}},
		"spawn: CPUs[1] is out of range":                                       {CPUs: []int{0, -1}},
		"spawn: CPUs[0] is out of range":                                       {CPUs: []int{1 << 13}},
		"spawn: Rlimits[0] has a Cur above its Max":                            {Rlimits: []childprocess.Rlimit{{4, 2, 1}}},
		"spawn: Rlimits[1] is a second one for its resource":                   {Rlimits: []childprocess.Rlimit{{4, 1, 1}, {4, 1, 1}}},
		"spawn: Rlimits[0] is for an unknown resource":                         {Rlimits: []childprocess.Rlimit{{-1, 1, 1}}},
		"spawn: Cgroup contains a NUL byte":                                    {Cgroup: "/a\x00"},
		"spawn: Chroot contains a NUL byte":                                    {Chroot: "/\x00"},
		"spawn: Dir is relative, for a child with a Chroot":                    {Chroot: "/", Dir: "tmp"},
		"spawn: AmbientCaps[1] is out of range":                                {AmbientCaps: []uintptr{0, 64}},
		"spawn: Pdeathsig is not a signal":                                     {Pdeathsig: 99},
		"spawn: Foreground is not for a Detached child, which has no terminal": {Foreground: true, Detached: true},
		"spawn: UidMappings is empty":                                          {UidMappings: []childprocess.IDMap{}},
		"spawn: GidMappingsEnableSetgroups is given without GidMappings":       {GidMappingsEnableSetgroups: true},
		"spawn: Pgid is given without Setpgid":                                 {Foreground: true, Pgid: 7},
		"spawn: LandlockFlags is given without Landlock":                       {LandlockFlags: 1},
		"spawn: Landlock is a zero os.File":                                    {Landlock: new(os.File)},
		"spawn: Seccomp is empty":                                              {Seccomp: []childprocess.SockFilter{}},
		"spawn: Seccomp has more than 4096 instructions":                       {Seccomp: make([]childprocess.SockFilter, 4097)},
		"spawn: FDPolicy is unknown":                                           {FDPolicy: 2},
		"spawn: Backend is unknown":                                            {Backend: -1},
	} {
		o.PreSpawn = never
		mistaken(t, want, o)
	}
	for name, numbers := range map[string][]*int{"Umask": {new(-1)}, "Nice": {new(-21), new(math.MinInt), new(math.MaxInt)}, "OOMScore": {new(-1001)}, "IOPriority": {new(-1), new(8), new(1<<13 + 8), new(1 << 20)}} {
		for _, n := range numbers {
			o := childprocess.Options{}
			*map[string]**int{"Umask": &o.Umask, "Nice": &o.Nice, "OOMScore": &o.OOMScore, "IOPriority": &o.IOPriority}[name] = n
			mistaken(t, "spawn: "+name+" is out of range", o)
		}
	}
}

// mistaken checks that each form refuses o with want, the error of Spawn.
func mistaken(t testing.TB, want string, o childprocess.Options) {
	t.Helper()
	l := newLoop(t)
	check := func(err error) {
		t.Helper()
		wrong, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%s: %v", want, err)
		require.ErrorIs(t, err, syscall.EINVAL)
		require.Equal(t, want, "spawn: "+wrong.Name+" "+wrong.Reason)
	}
	c, err := childprocess.Spawn(l, "true", nil, &o)
	require.Nil(t, c)
	check(err)
	_, err = childprocess.ExecFile(l, "true", nil, &childprocess.ExecOptions{Options: o}, func(error, []byte, []byte) {})
	check(err)
	check(childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: o}).Err)
	check(childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, "true"))
	run(t, l)
	requireNoChildren(t)
}
