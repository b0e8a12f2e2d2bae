package childprocess_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// needUserNamespace skips t if user namespaces cannot be made.
func needUserNamespace(t testing.TB) {
	t.Helper()
	err := childprocess.SpawnSync("true", nil, &childprocess.SyncOptions{Options: childprocess.Options{Cloneflags: unix.CLONE_NEWUSER}}).Err
	if err != nil {
		t.Skip("no user namespace can be made here: ", err)
	}
}

const showMaps = "cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups; id -u; id -g"

func TestUsersAndGroupsAreMapped(t *testing.T) {
	needRoot(t)
	needUserNamespace(t)
	noNewFDs(t)
	for name, backend := range backends() {
		for _, policy := range []childprocess.FDPolicy{childprocess.FDsSlots, childprocess.FDsCloseOnExec} {
			for _, enable := range []bool{false, true} {
				o := childprocess.Options{
					Backend: backend, FDPolicy: policy, Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWPID,
					UidMappings:                []childprocess.IDMap{{0, 100000, 1000}, {1000, 0, 1}},
					GidMappings:                []childprocess.IDMap{{0, 200000, 70000}},
					GidMappingsEnableSetgroups: enable, UID: new(uint32(0)), GID: new(uint32(7)), Dir: "/",
				}
				// The slots take the number of the socket with which the child waits.
				for n := range 30 {
					o.Stdio = append(o.Stdio, childprocess.Stdio{})
					if n > 2 {
						o.Stdio[n] = childprocess.FD(2)
					}
				}
				l := newLoop(t)
				got := strings.Fields(output(t, l, spawn(t, l, shell, []string{"-c", showMaps}, &o)))
				want := "0 100000 1000 1000 0 1 0 200000 70000 deny 0 7"
				if enable {
					want = strings.Replace(want, "deny", "allow", 1)
				}
				require.Equal(t, want, strings.Join(got, " "), name)
			}
		}
	}
}

func TestNobodyMapsItself(t *testing.T) {
	needRoot(t)
	needUserNamespace(t)
	q := request{
		File: "/bin/cat", Args: []string{"/proc/self/uid_map"}, Cloneflags: unix.CLONE_NEWUSER,
		UidMappings: []childprocess.IDMap{{0, nobody, 1}}, GidMappings: []childprocess.IDMap{{0, nobody, 1}},
	}
	got := asNobody(t, q)
	require.Equal(t, "0 65534 1", strings.Join(strings.Fields(got.Stdout), " "))
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, got.Events)

	q.UidMappings[0].HostID = 0 // Another user.
	want := answer{Returned: true, Step: childprocess.StepIDMaps, Path: q.File, Errno: unix.EPERM, NoChildren: true}
	if plainFork() {
		want.Step = childprocess.StepNamespaces // ForkExec does not say which step failed.
	}
	require.Equal(t, want, asNobody(t, q))
}

func TestMapsThatMakeNoSenseAreRefused(t *testing.T) {
	for name, o := range map[string]childprocess.Options{
		"UidMappings":    {UidMappings: []childprocess.IDMap{{0, 0, 1}}},
		"UidMappings[1]": {UidMappings: []childprocess.IDMap{{0, 0, 1}, {1, -1, 1}}, Cloneflags: unix.CLONE_NEWUSER},
		"GidMappings[0]": {GidMappings: []childprocess.IDMap{{0, 7, 0}}, Cloneflags: unix.CLONE_NEWUSER},
		"Cloneflags":     {Cloneflags: unix.CLONE_VM},
	} {
		_, err := childprocess.Spawn(newLoop(t), "true", nil, &o)
		wrong, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, name, wrong.Name)
	}
	needRoot(t)
	needUserNamespace(t)
	ownForkOnly(t)
	noNewFDs(t)
	// The kernel refuses two ranges that overlap.
	err := failureOf(t, "/bin/echo", &childprocess.Options{
		Cloneflags: unix.CLONE_NEWUSER, UidMappings: []childprocess.IDMap{{0, 5, 2}, {1, 9, 1}},
	})
	require.ErrorIs(t, err, unix.EINVAL)
	failed, ok := err.(*childprocess.SpawnError)
	require.True(t, ok)
	require.Equal(t, childprocess.StepIDMaps, failed.Step)
	requireNoChildren(t)
	require.Equal(t, 0, os.Geteuid())
}
