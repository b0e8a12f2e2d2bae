package childprocess_test

import (
	"errors"
	"os"
	"os/signal"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

func TestEachBackendStartsChildren(t *testing.T) {
	noNewFDs(t)
	for name, backend := range backends() {
		for _, async := range []bool{false, true} {
			l := newLoop(t)
			o := childprocess.Options{Backend: backend, Async: async, Dir: "/", Env: []string{"A=b"}, Detached: true}
			require.Equal(t, "/ b\n", output(t, l, spawn(t, l, shell, []string{"-c", `echo "$PWD $A"`}, &o)), name)
			err := failureOf(t, "/no/such/program", &o)
			require.ErrorIs(t, err, unix.ENOENT, name)
		}
	}
}

// The backends differ in the signals that the child ignores.
func TestABackendIsTheOneThatWasAskedFor(t *testing.T) {
	ownForkOnly(t)
	signal.Ignore(unix.SIGUSR2)
	defer signal.Reset(unix.SIGUSR2)
	file, argv := "/bin/grep", []string{"SigIgn", "/proc/self/status"}
	for backend, want := range map[childprocess.Backend]bool{
		childprocess.BackendAuto: false, childprocess.BackendFork: false, childprocess.BackendForkExec: true,
	} {
		l := newLoop(t)
		out := output(t, l, spawn(t, l, file, argv, &childprocess.Options{Backend: backend}))
		require.Equal(t, want, strings.HasSuffix(strings.TrimSpace(out), "0800"), "%v: %s", backend, out)
	}
}

func TestABackendRefusesOptionsThatItCannotHonour(t *testing.T) {
	noNewFDs(t)
	never := func() error { panic("PreSpawn was called") }
	refused := map[string]childprocess.Options{
		"Umask": {Umask: new(0)}, "Nice": {Nice: new(0)}, "IOPriority": {IOPriority: new(0)}, "OOMScore": {OOMScore: new(0)},
		"CPUs": {CPUs: []int{0}}, "Rlimits": {Rlimits: []childprocess.Rlimit{{}}}, "NoNewPrivs": {NoNewPrivs: true},
		"Landlock": {Landlock: os.Stdin}, "Seccomp": {Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT)},
		"Foreground": {Foreground: true}, "FDPolicy": {Pdeathsig: unix.SIGTERM},
	}
	if plainFork() {
		// There is no other backend: BackendAuto refuses, and so does the missing backend.
		for name, o := range refused {
			if name != "FDPolicy" {
				unsupported(t, name, o)
			}
		}
		unsupported(t, "Backend", childprocess.Options{Backend: childprocess.BackendFork})
	}
	for name, o := range refused {
		o.Backend, o.PreSpawn = childprocess.BackendForkExec, never
		unsupported(t, name, o)
		o.Async = true
		_, err := childprocess.Spawn(newLoop(t), "true", nil, &o)
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
}

// unsupported has each form refuse an option.
func unsupported(t testing.TB, name string, o childprocess.Options) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, errors.ErrUnsupported, name)
		refusal, ok := errors.AsType[*childprocess.UnsupportedError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, name, refusal.Name)
		require.True(t, strings.HasPrefix(err.Error(), refusal.Op+": "+name+" "), err.Error())
	}
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "true", nil, &o)
	require.Nil(t, c)
	check(err)
	check(childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: o}).Err)
	check(childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, "true"))
	run(t, l)
	requireNoChildren(t)
}

func TestForkExecHonoursTheOptionsThatItHas(t *testing.T) {
	needRoot(t)
	noNewFDs(t)
	o := childprocess.Options{
		Backend: childprocess.BackendForkExec, AmbientCaps: []uintptr{unix.CAP_CHOWN}, UID: new(uint32(nobody)), Dir: "/",
		Cloneflags: unix.CLONE_NEWUTS, Chroot: "/",
	}
	l := newLoop(t)
	got := output(t, l, spawn(t, l, "/bin/grep", []string{"CapAmb", "/proc/self/status"}, &o))
	require.Equal(t, "CapAmb:\t0000000000000001\n", got)
	require.ErrorIs(t, failureOf(t, "/bin/echo", &childprocess.Options{
		// No kernel has this capability.
		Backend: childprocess.BackendForkExec, AmbientCaps: []uintptr{63},
	}), errors.ErrUnsupported)
	missing := t.TempDir() + "/none"
	err := failureOf(t, "/bin/echo", &childprocess.Options{Backend: childprocess.BackendForkExec, Chroot: missing})
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepChroot, File: "/bin/echo", Path: missing, Args: []string{}, Err: unix.ENOENT,
	}, err)
}
