package childprocess_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// refusedAnswer is the way in which the system's refusal is reported: Spawn returns it, or, as in
// Node, it is an event.
func refusedAnswer(q request, step childprocess.Step, path string, err unix.Errno) answer {
	if path == "" {
		path = q.File
	}
	a := answer{Step: step, Path: path, Errno: err, NoChildren: true}
	if err == unix.EACCES || q.Async {
		a.Events = []string{"error " + unix.ErrnoName(err), "close -" + strconv.Itoa(int(err))}
	} else {
		a.Returned = true
	}
	return a
}

// requireStep checks the step and the errno of a failed start.
func requireStep(t testing.TB, err error, step childprocess.Step, errno unix.Errno) {
	t.Helper()
	failed, ok := err.(*childprocess.SpawnError)
	require.True(t, ok, "%v", err)
	require.Equal(t, step, failed.Step)
	require.Equal(t, errno, failed.Err)
	requireNoChildren(t)
}

// Settings that need a privilege fail for nobody, with their step, and nothing is started.
//
//brood:checks S057
func TestNobodyIsRefusedByName(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	for name, row := range map[string]struct {
		q    request
		step childprocess.Step
		err  unix.Errno
		path string
	}{
		"nicer":       {request{Nice: new(-5)}, childprocess.StepNice, unix.EACCES, ""},
		"OOM score":   {request{OOMScore: new(-500)}, childprocess.StepOOMScore, unix.EACCES, ""},
		"real time":   {request{IOPriority: new(1 << 13)}, childprocess.StepIOPriority, unix.EPERM, ""},
		"hard limit":  {request{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_NOFILE, 1 << 19, 1 << 29}}}, childprocess.StepRlimit, unix.EPERM, "Rlimits[0]"},
		"second":      {request{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, 0}, {unix.RLIMIT_RTPRIO, 9, 9}}}, childprocess.StepRlimit, unix.EPERM, "Rlimits[1]"},
		"chroot":      {request{Chroot: "/"}, childprocess.StepChroot, unix.EPERM, "/"},
		"ambient":     {request{AmbientCaps: []uintptr{unix.CAP_NET_RAW}}, childprocess.StepAmbientCaps, unix.EPERM, ""},
		"user, limit": {request{UID: new(uint32(nobody)), Nice: new(-1)}, childprocess.StepNice, unix.EACCES, ""},
		"user":        {request{UID: new(uint32(0)), Nice: new(1)}, childprocess.StepCredentials, unix.EPERM, ""},
		"group":       {request{GID: new(uint32(0)), NoNewPrivs: true}, childprocess.StepCredentials, unix.EPERM, ""},
		"groups":      {request{Groups: []uint32{nobody}, Umask: new(0)}, childprocess.StepCredentials, unix.EPERM, ""},
		"network":     {request{Cloneflags: unix.CLONE_NEWNET}, childprocess.StepNamespaces, unix.EPERM, ""},
		"mounts":      {request{Cloneflags: unix.CLONE_NEWNS}, childprocess.StepNamespaces, unix.EPERM, ""},
		"processes":   {request{Cloneflags: unix.CLONE_NEWPID}, childprocess.StepNamespaces, unix.EPERM, ""},
		"names":       {request{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWCGROUP}, childprocess.StepNamespaces, unix.EPERM, ""},
	} {
		for _, async := range []bool{false, true} {
			t.Run(name+" async "+strconv.FormatBool(async), func(t *testing.T) {
				q := row.q
				q.File, q.Async = "/bin/echo", async
				require.Equal(t, refusedAnswer(q, row.step, row.path, row.err), asNobody(t, q))
			})
		}
	}
}

func TestNobodyMayNotUseTheCgroupOfRoot(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	dir, _ := newCgroup(t)
	for _, async := range []bool{false, true} {
		q := request{File: "/bin/echo", Cgroup: dir, Async: async}
		require.Equal(t, refusedAnswer(q, childprocess.StepCgroup, dir, unix.EACCES), asNobody(t, q))
	}
}

// syscall.ForkExec returns only an errno, so the step is a guess.
func TestNobodyIsRefusedByNameOfForkExecToo(t *testing.T) {
	needRoot(t)
	for name, row := range map[string]struct {
		q    request
		step childprocess.Step
		path string
	}{
		"chroot":  {request{Chroot: "/"}, childprocess.StepChroot, "/"},
		"ambient": {request{AmbientCaps: []uintptr{unix.CAP_NET_RAW}}, childprocess.StepAmbientCaps, ""},
		"user":    {request{UID: new(uint32(0))}, childprocess.StepCredentials, ""},
		"group":   {request{GID: new(uint32(0))}, childprocess.StepCredentials, ""},
		"groups":  {request{Groups: []uint32{0}}, childprocess.StepCredentials, ""},
		"network": {request{Cloneflags: unix.CLONE_NEWNET}, childprocess.StepNamespaces, ""},
	} {
		t.Run(name, func(t *testing.T) {
			row.q.File, row.q.Backend = "/bin/echo", childprocess.BackendForkExec
			got := asNobody(t, row.q)
			if got.Errno == unix.ENOTSUP && got.Path == "FDPolicy" {
				t.Skip("a child of syscall.ForkExec cannot have its slots alone here")
			}
			require.Equal(t, refusedAnswer(row.q, row.step, row.path, unix.EPERM), got)
		})
	}
}

// Settings that need no privilege work for nobody's children.
func TestNobodysChildrenHaveTheirSettings(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	file, argv := helperproc.Command("settings")
	file = publicly(t, file)
	var own unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &own))
	first := 0
	for !own.IsSet(first) {
		first++
	}
	for _, async := range []bool{false, true} {
		got := asNobody(t, request{
			File: file, Args: argv, Async: async, Umask: new(0o131), Nice: new(4), IOPriority: new(2<<13 | 7), OOMScore: new(444), CPUs: []int{first},
			Rlimits:    []childprocess.Rlimit{{unix.RLIMIT_CORE, 512, 1024}, {unix.RLIMIT_NOFILE, 60, 60}},
			NoNewPrivs: true, Pdeathsig: syscall.SIGTERM, Detached: true, UID: new(uint32(nobody)), GID: new(uint32(nobody)),
			Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT),
		})
		require.Equal(t, []string{"spawn", "exit 0", "close 0"}, got.Events)
		for _, line := range []string{
			"Umask:\t0131", "nice 4", "ioprio 16391 true", "oom 444", "Cpus_allowed_list:\t" + strconv.Itoa(first),
			"Max core file size 512 1024 bytes", "Max open files 60 60 files", "NoNewPrivs:\t1", "CapInh:\t0000000000000000",
		} {
			require.Contains(t, got.Stdout, line+"\n")
		}
	}
}

// In a user namespace of its own, a child of nobody has the privileges for that namespace.
func TestNobodysChildrenArePrivilegedInTheirUserNamespace(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	root := publicDir(t)
	require.NoError(t, os.Mkdir(root+"/bin", 0o755))
	linkLibraries(t, "/bin/cat", root)
	cat, err := filepath.EvalSymlinks("/bin/cat")
	require.NoError(t, err)
	link(t, cat, root+"/bin/cat")
	writeFile(t, root+"/text", "below\n", 0o644)
	file, argv := helperproc.Command("settings")
	file = publicly(t, file)
	_, deathsig := helperproc.Command("deathsig")
	const namespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP
	mapped := func(q request) request {
		q.Cloneflags |= unix.CLONE_NEWUSER
		if q.UidMappings == nil {
			q.UidMappings = []childprocess.IDMap{{0, nobody, 1}}
		}
		q.GidMappings = []childprocess.IDMap{{0, nobody, 1}}
		return q
	}
	if got := asNobody(t, mapped(request{File: "/bin/true"})); got.Step == childprocess.StepNamespaces {
		t.Skip("nobody may not make a user namespace here: ", got.Errno)
	}
	for name, row := range map[string]struct {
		q    request
		want string
	}{
		"all namespaces": {request{Cloneflags: namespaces, File: shell, Args: []string{"-c", "id -u; id -g; echo $$"}}, "0\n0\n1\n"},
		"chroot":         {request{Chroot: root, File: "/bin/cat", Args: []string{"/text"}}, "below\n"},
		"user and group": {request{UID: new(uint32(0)), GID: new(uint32(0)), File: "id", Args: []string{"-u"}}, "0\n"},
		"ambient":        {request{AmbientCaps: []uintptr{unix.CAP_CHOWN}, File: "/bin/grep", Args: []string{"CapAmb", "/proc/self/status"}}, "CapAmb:\t0000000000000001\n"},
		"filter":         {request{Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT), File: "/bin/echo", Args: []string{"text"}}, "text\n"},
		"both":           {request{AmbientCaps: []uintptr{unix.CAP_CHOWN}, Seccomp: refusing(unix.SYS_MKDIRAT, unix.EDQUOT), File: "/bin/echo", Args: []string{"text"}}, "text\n"},
		"settings":       {request{Nice: new(9), Umask: new(0o31), File: file, Args: argv}, "Umask:\t0031"},
		"a signal":       {request{AmbientCaps: []uintptr{unix.CAP_CHOWN}, Pdeathsig: syscall.SIGHUP, File: file, Args: deathsig}, "1"},
	} {
		for _, async := range []bool{false, true} {
			q := mapped(row.q)
			q.Async = async
			got := asNobody(t, q)
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, got.Events, "%s: %v", name, got)
			require.True(t, got.Stdout == row.want || name == "settings" && strings.Contains(got.Stdout, row.want), "%s: %s", name, got.Stdout)
		}
	}
	// But not for objects outside it.
	two := []childprocess.IDMap{{0, nobody, 1}, {1, 0, 1}}
	for name, row := range map[string]struct {
		q    request
		step childprocess.Step
		err  unix.Errno
		path string
	}{
		"somebody else": {request{UidMappings: two}, childprocess.StepIDMaps, unix.EPERM, ""},
		"setgroups":     {request{Setgroups: true}, childprocess.StepIDMaps, unix.EPERM, ""},
		"groups":        {request{Groups: []uint32{0}}, childprocess.StepCredentials, unix.EPERM, ""},
		"unmapped user": {request{UID: new(uint32(7))}, childprocess.StepCredentials, unix.EINVAL, ""},
		"nicer":         {request{Nice: new(-3)}, childprocess.StepNice, unix.EACCES, ""},
		"OOM score":     {request{OOMScore: new(-500)}, childprocess.StepOOMScore, unix.EACCES, ""},
		"hard limit":    {request{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_NOFILE, 1 << 19, 1 << 29}}}, childprocess.StepRlimit, unix.EPERM, "Rlimits[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			row.q.File = "/bin/echo"
			q := mapped(row.q)
			require.Equal(t, refusedAnswer(q, row.step, row.path, row.err), asNobody(t, q))
		})
	}
}
