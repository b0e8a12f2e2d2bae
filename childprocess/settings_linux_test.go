package childprocess_test

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/sandbox"
)

func init() {
	// settings writes all its settings, and creates the file in its second argument.
	helperproc.Register("settings", func([]string) { fmt.Print(ownSettings()) })
}

// ownSettings returns the settings of this process, one a line.
func ownSettings() string {
	var b strings.Builder
	status := string(check(os.ReadFile("/proc/self/status")))
	for line := range strings.Lines(status) {
		name, _, _ := strings.Cut(line, ":")
		switch name {
		case "Umask", "CapInh", "CapAmb", "NoNewPrivs", "Cpus_allowed_list":
			b.WriteString(line)
		}
	}
	for line := range strings.Lines(string(check(os.ReadFile("/proc/self/limits")))) {
		if strings.HasPrefix(line, "Max core file size") || strings.HasPrefix(line, "Max open files") {
			b.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
		}
	}
	stat := string(check(os.ReadFile("/proc/self/stat")))
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	b.WriteString("nice " + fields[16] + "\n")
	b.WriteString("oom " + string(check(os.ReadFile("/proc/self/oom_score_adj"))))
	priority, _, errno := unix.Syscall(unix.SYS_IOPRIO_GET, 1, 0, 0)
	fmt.Fprintln(&b, "ioprio", priority, errno == 0)
	fmt.Fprintln(&b, "root", check(os.Readlink("/proc/self/root")))
	fmt.Fprintln(&b, "dumpable", check(unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)))
	return b.String()
}

// settingsOf starts a child that writes its settings.
func settingsOf(t testing.TB, o *childprocess.Options) string {
	t.Helper()
	l := newLoop(t)
	file, argv := helperproc.Command("settings")
	return output(t, l, spawn(t, l, publicly(t, file), argv, o))
}

// ownForkOnly skips t if syscall.ForkExec starts the children, because it has no settings.
func ownForkOnly(t testing.TB) {
	t.Helper()
	if plainFork() {
		t.Skip("syscall.ForkExec has none of these settings")
	}
}

// needCap skips t if this process lacks a capability.
func needCap(t testing.TB, c int) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	require.NoError(t, unix.Capget(&header, &sets[0]))
	if sets[c/32].Effective&(1<<(c%32)) == 0 {
		t.Skip("this process does not have capability ", c)
	}
}

//brood:checks S057
func TestEachSettingIsTheChildsAlone(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	before := ownSettings()
	plain := settingsOf(t, nil)
	var own unix.CPUSet
	require.NoError(t, unix.SchedGetaffinity(0, &own))
	first := 0
	for !own.IsSet(first) {
		first++
	}
	for name, row := range map[string]struct {
		o    childprocess.Options
		want string // a line that a child without settings does not have
		root bool
	}{
		"umask":        {childprocess.Options{Umask: new(0o137)}, "Umask:\t0137", false},
		"umask 0":      {childprocess.Options{Umask: new(0)}, "Umask:\t0000", false},
		"nice":         {childprocess.Options{Nice: new(7)}, "nice 7", false},
		"nicer":        {childprocess.Options{Nice: new(-5)}, "nice -5", true},
		"I/O priority": {childprocess.Options{IOPriority: new(2<<13 | 6)}, "ioprio 16390 true", false},
		"OOM score":    {childprocess.Options{OOMScore: new(333)}, "oom 333", false},
		"OOM never":    {childprocess.Options{OOMScore: new(-999)}, "oom -999", true},
		"one CPU":      {childprocess.Options{CPUs: []int{first, first}}, "Cpus_allowed_list:\t" + strconv.Itoa(first), false},
		"limit":        {childprocess.Options{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0x1000, 0x2000}}}, "Max core file size 4096 8192 bytes", false},
		// Go raises the soft limit to that.
		"descriptors":    {childprocess.Options{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_NOFILE, 20, 21}}}, "Max open files 20 21 files", false},
		"no privileges":  {childprocess.Options{NoNewPrivs: true}, "NoNewPrivs:\t1", false},
		"ambient":        {childprocess.Options{AmbientCaps: []uintptr{unix.CAP_NET_RAW}}, "CapAmb:\t0000000000002000", true},
		"ambient, other": {childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody)), AmbientCaps: []uintptr{unix.CAP_NET_RAW, unix.CAP_CHOWN}, Dir: "/"}, "CapAmb:\t0000000000002001", true},
		"other user":     {childprocess.Options{UID: new(uint32(nobody)), Nice: new(-1), OOMScore: new(1), Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 1 << 12, unix.RLIM_INFINITY}}, Dir: "/"}, "nice -1", true},
	} {
		t.Run(name, func(t *testing.T) {
			if row.root {
				needRoot(t)
			}
			if row.o.OOMScore != nil && *row.o.OOMScore < 0 {
				needCap(t, unix.CAP_SYS_RESOURCE)
			}
			if row.want == "Cpus_allowed_list:\t0" && strings.Contains(plain, row.want+"\n") {
				t.Skip("there is one processor")
			}
			got := settingsOf(t, &row.o)
			require.Contains(t, got, row.want+"\n")
			require.NotContains(t, plain, row.want+"\n")
			require.Equal(t, before, ownSettings(), "this program's")
			row.o.Async = true
			require.Contains(t, settingsOf(t, &row.o), row.want+"\n")
		})
	}
	require.Equal(t, plain, settingsOf(t, nil), "a child without settings")
}

// Children that start at the same time do not get each other's settings.
//
//brood:checks S057
func TestChildrenAtOnceHaveTheirOwn(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	before := ownSettings()
	const children = 32
	var outs [children]string
	onGoroutines(children, func(i int) {
		o := childprocess.Options{}
		if i%2 == 0 {
			o.Umask, o.Nice, o.Rlimits = new(i), new(i/2), []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, uint64(i) * 512}}
		}
		r := childprocess.SpawnSync(shell, []string{"-c", "umask; nice; ulimit -H -c"}, &childprocess.SyncOptions{Options: o})
		outs[i] = string(r.Stdout)
	})
	for i, out := range outs {
		if i%2 == 0 {
			require.Equal(t, fmt.Sprintf("%04o\n%d\n%d\n", i, i/2, i), out)
		} else {
			require.Equal(t, outs[1], out)
		}
	}
	require.Equal(t, before, ownSettings())
}

//brood:checks S057
func TestAllSettingsTogether(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	before := ownSettings()
	got := settingsOf(t, &childprocess.Options{
		Umask: new(0o77), Nice: new(3), IOPriority: new(3 << 13), OOMScore: new(100), NoNewPrivs: true, Detached: true,
		Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, 0}, {unix.RLIMIT_NOFILE, 64, 64}}, UID: new(uint32(nobody)),
		GID: new(uint32(nobody)), AmbientCaps: []uintptr{unix.CAP_CHOWN}, Cloneflags: unix.CLONE_NEWUTS, Dir: "/",
		Pdeathsig: unix.SIGKILL,
	})
	for _, line := range []string{
		"Umask:\t0077", "nice 3", "ioprio 24576 true", "oom 100", "NoNewPrivs:\t1", "Max core file size 0 0 bytes",
		"Max open files 64 64 files", "CapAmb:\t0000000000000001", "CapInh:\t0000000000000001",
	} {
		require.Contains(t, got, line+"\n")
	}
	require.Equal(t, before, ownSettings())
}

// Each form starts its child with the settings: the mode of a file shows the umask.
//
//brood:checks S057
func TestEveryFormHonoursTheSettings(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	called := 0
	with := childprocess.Options{
		Umask: new(0o026), Nice: new(4), PreSpawn: func() error { called++; return nil },
		Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, 0}},
	}
	const script = `umask; nice; ulimit -c`
	const want = "0026\n4\n0\n"
	forms := map[string]func() (string, error){
		"OutputWith": func() (string, error) {
			out, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Options: with}, shell, "-c", script)
			return string(out), err
		},
		"RunWith": func() (string, error) {
			file := filepath.Join(t.TempDir(), "out")
			err := childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: with}, shell, "-c", "{ "+script+"; } >"+file)
			out, _ := os.ReadFile(file)
			return string(out), err
		},
		"LinesWith": func() (string, error) {
			got := collectLines(childprocess.LinesWith(context.Background(), &childprocess.RunOptions{Options: with}, shell, "-c", script))
			return strings.Join(got.lines, "\n") + "\n", got.err
		},
		"SpawnSync": func() (string, error) {
			r := childprocess.SpawnSync(shell, []string{"-c", script}, &childprocess.SyncOptions{Options: with})
			return string(r.Stdout), r.Err
		},
		"ExecSync": func() (string, error) {
			out, err := childprocess.ExecSync(script, &childprocess.SyncOptions{Options: with})
			return string(out), err
		},
		"Exec": func() (out string, failed error) {
			l := newLoop(t)
			_, err := childprocess.Exec(l, script, &childprocess.ExecOptions{Options: with}, func(err error, stdout, _ []byte) {
				out, failed = string(stdout), err
			})
			require.NoError(t, err)
			run(t, l)
			return out, failed
		},
	}
	for name, call := range forms {
		called = 0
		out, err := call()
		require.NoError(t, err, name)
		require.Equal(t, want, out, name)
		require.Equal(t, 1, called, name)
	}
}

//brood:checks S057
func TestASettingThatTheSystemRefusesIsNamed(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	noNewFDs(t)
	missing := filepath.Join(t.TempDir(), "none")
	file := writeFile(t, filepath.Join(t.TempDir(), "file"), "", 0o600)
	empty := publicDir(t)
	for name, row := range map[string]struct {
		o    childprocess.Options
		want childprocess.SpawnError
	}{
		"CPU that is not there":    {childprocess.Options{CPUs: []int{0, 8191}}, childprocess.SpawnError{Step: childprocess.StepCPUs, Path: "/bin/echo", Err: unix.EINVAL}},
		"no root":                  {childprocess.Options{Chroot: missing}, childprocess.SpawnError{Step: childprocess.StepChroot, Path: missing, Err: unix.ENOENT}},
		"root is a file":           {childprocess.Options{Chroot: file}, childprocess.SpawnError{Step: childprocess.StepChroot, Path: file, Err: unix.ENOTDIR}},
		"root without the program": {childprocess.Options{Chroot: empty}, childprocess.SpawnError{Step: childprocess.StepProgram, Path: "/bin/echo", Err: unix.ENOENT}},
		"root without Dir":         {childprocess.Options{Chroot: empty, Dir: "/tmp"}, childprocess.SpawnError{Step: childprocess.StepCwd, Path: "/tmp", Err: unix.ENOENT}},
		"unknown capability":       {childprocess.Options{AmbientCaps: []uintptr{63}}, childprocess.SpawnError{Step: childprocess.StepAmbientCaps, Path: "/bin/echo", Err: unix.ENOTSUP}},
		"no cgroup":                {childprocess.Options{Cgroup: missing}, childprocess.SpawnError{Step: childprocess.StepCgroup, Path: missing, Err: unix.ENOENT}},
		"not a cgroup":             {childprocess.Options{Cgroup: empty}, childprocess.SpawnError{Step: childprocess.StepCgroup, Path: empty, Err: unix.EINVAL}},
		"cgroup is a file":         {childprocess.Options{Cgroup: file}, childprocess.SpawnError{Step: childprocess.StepCgroup, Path: file, Err: unix.ENOTDIR}},
		"limit of the system":      {childprocess.Options{Rlimits: []childprocess.Rlimit{{unix.RLIMIT_CORE, 0, 0}, {unix.RLIMIT_NOFILE, 1 << 40, 1 << 41}}}, childprocess.SpawnError{Step: childprocess.StepRlimit, Path: "Rlimits[1]", Err: unix.EPERM}},
	} {
		for _, async := range []bool{false, true} {
			t.Run(name+" async "+strconv.FormatBool(async), func(t *testing.T) {
				row.o.Async = async
				failed := failureOf(t, "/bin/echo", &row.o)
				row.want.Op, row.want.File, row.want.Args = "spawn", "/bin/echo", []string{}
				require.Equal(t, &row.want, failed)
				requireNoChildren(t)
			})
		}
	}
}

// failureOf starts a child that cannot start, and returns the error, which Spawn returns or which
// is an event.
func failureOf(t testing.TB, file string, o *childprocess.Options) error {
	t.Helper()
	l := newLoop(t)
	c, err := childprocess.Spawn(l, file, nil, o)
	if err != nil {
		require.Nil(t, c)
		return err
	}
	ev := events(c).reading()
	run(t, l)
	require.Error(t, ev.err)
	require.Zero(t, c.Pid())
	return ev.err
}

func TestAChildSeesItsRoot(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	root := publicDir(t)
	require.NoError(t, os.MkdirAll(root+"/bin/deep", 0o755))
	file, argv := helperproc.Command("where")
	linkLibraries(t, file, root)
	link(t, file, root+"/bin/where")
	link(t, file, root+"/bin/deep/where")
	for name, row := range map[string]struct {
		file string
		o    childprocess.Options
		want string
	}{
		"a path":   {"/bin/where", childprocess.Options{}, "/ PWD=/"},
		"searched": {"where", childprocess.Options{Dir: "/bin"}, "/bin PWD=/bin"},
		"relative": {"./where", childprocess.Options{Dir: "/bin/deep"}, "/bin/deep PWD=/bin/deep"},
		"nobody":   {"where", childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody))}, "/ PWD=/"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			row.o.Chroot = root
			require.Equal(t, row.want, output(t, l, spawn(t, l, row.file, argv, &row.o)))
		})
	}
}

// Below a new root directory, links lead to the files there.
func TestLinksBelowARootStayBelowIt(t *testing.T) {
	needRoot(t)
	noNewFDs(t)
	root := publicDir(t)
	require.NoError(t, os.MkdirAll(root+"/tools/only-here", 0o755))
	require.NoError(t, os.Mkdir(root+"/bin", 0o755))
	file, argv := helperproc.Command("where")
	linkLibraries(t, file, root)
	link(t, file, root+"/tools/only-here/where")
	require.NoError(t, os.Symlink("/tools/only-here/where", root+"/bin/where"))
	for _, backend := range []childprocess.Backend{childprocess.BackendAuto, childprocess.BackendForkExec} {
		o := childprocess.Options{Backend: backend, Chroot: root}
		l := newLoop(t)
		require.Equal(t, "/ PWD=/", output(t, l, spawn(t, l, "where", argv, &o)), "backend %d", backend)
		o.Env, o.Dir = []string{"PATH=."}, "/bin"
		require.ErrorIs(t, failureOf(t, "where", &o), childprocess.ErrDot, "backend %d", backend)
		missing := root + "/none"
		err := failureOf(t, "where", &childprocess.Options{Backend: backend, Chroot: missing})
		failed, ok := errors.AsType[*childprocess.SpawnError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, childprocess.StepChroot, failed.Step, "backend %d", backend)
		require.Equal(t, missing, failed.Path)
		require.Equal(t, error(unix.ENOENT), failed.Err)
	}
}

// linkLibraries puts the files into a root that the program file needs for its execution there:
// none if it is linked statically.
func linkLibraries(t testing.TB, file, root string) {
	t.Helper()
	image, err := elf.Open(file)
	require.NoError(t, err)
	defer image.Close()
	loader := image.Section(".interp")
	if loader == nil {
		return
	}
	name, err := loader.Data()
	require.NoError(t, err)
	needed := []string{strings.TrimRight(string(name), "\x00")}
	maps, err := os.ReadFile("/proc/self/maps") // This is the same program.
	require.NoError(t, err)
	for line := range strings.Lines(string(maps)) {
		if at := strings.IndexByte(line, '/'); at >= 0 && strings.Contains(line, ".so") {
			needed = append(needed, strings.TrimSpace(line[at:]))
		}
	}
	slices.Sort(needed)
	for _, path := range slices.Compact(needed) {
		require.NoError(t, os.MkdirAll(root+filepath.Dir(path), 0o755))
		real, err := filepath.EvalSymlinks(path)
		require.NoError(t, err)
		link(t, real, root+path)
	}
}

func init() {
	// where writes its directory, from the kernel and from the environment.
	helperproc.Register("where", func([]string) {
		var path [256]byte
		n := check(unix.Getcwd(path[:]))
		writeAll(1, []byte(string(path[:n-1])+" PWD="+os.Getenv("PWD")))
	})
}

func TestAChildHasNamespacesOfItsOwn(t *testing.T) {
	noNewFDs(t)
	for kind, flag := range map[string]uintptr{
		"uts": unix.CLONE_NEWUTS, "net": unix.CLONE_NEWNET, "mnt": unix.CLONE_NEWNS, "ipc": unix.CLONE_NEWIPC,
		"pid": unix.CLONE_NEWPID, "user": unix.CLONE_NEWUSER, "cgroup": unix.CLONE_NEWCGROUP,
	} {
		t.Run(kind, func(t *testing.T) {
			own, err := os.Readlink("/proc/self/ns/" + kind)
			require.NoError(t, err)
			for _, backend := range []childprocess.Backend{childprocess.BackendAuto, childprocess.BackendForkExec} {
				l := newLoop(t)
				o := childprocess.Options{Cloneflags: flag, Backend: backend}
				c, err := childprocess.Spawn(l, "/bin/readlink", []string{"/proc/self/ns/" + kind}, &o)
				if failed, ok := err.(*childprocess.SpawnError); ok && failed.Step == childprocess.StepNamespaces {
					t.Skip("no such namespace can be made here: ", err)
				}
				require.NoError(t, err)
				got := output(t, l, c)
				require.NotEmpty(t, got)
				require.NotEqual(t, own+"\n", got)
			}
			now, err := os.Readlink("/proc/self/ns/" + kind)
			require.NoError(t, err)
			require.Equal(t, own, now)
		})
	}
}

// The first process of a PID namespace is 1 there.
func TestAChildCanBeTheFirstOfItsNamespace(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.Spawn(l, shell, []string{"-c", "echo $$ $PPID"}, &childprocess.Options{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUSER, Pdeathsig: unix.SIGTERM, FDPolicy: childprocess.FDsCloseOnExec,
	})
	if failed, ok := err.(*childprocess.SpawnError); ok && failed.Step == childprocess.StepNamespaces {
		t.Skip("no such namespace can be made here: ", err)
	}
	require.NoError(t, err)
	require.Equal(t, "1 0\n", output(t, l, c))
}

// For clone(2) the flag is a part of the exit signal, so only clone3(2) has it.
func TestAChildHasATimeNamespaceOfItsOwn(t *testing.T) {
	noNewFDs(t)
	unsupported(t, "Cloneflags", childprocess.Options{Cloneflags: unix.CLONE_NEWTIME, Backend: childprocess.BackendForkExec})
	ownForkOnly(t)
	own, err := os.Readlink("/proc/self/ns/time")
	if err != nil {
		t.Skip("no time namespaces: ", err)
	}
	for _, flags := range []uintptr{unix.CLONE_NEWTIME, unix.CLONE_NEWTIME | unix.CLONE_NEWUSER} {
		for _, o := range []childprocess.Options{{}, {Async: true}, {FDPolicy: childprocess.FDsCloseOnExec}, {Pdeathsig: unix.SIGTERM}, {PreSpawn: func() error { return nil }}} {
			o.Cloneflags = flags
			if sandbox.Forced("clone3") {
				err := failureOf(t, "/bin/true", &o)
				require.ErrorIs(t, err, errors.ErrUnsupported)
				require.Equal(t, childprocess.StepNamespaces, err.(*childprocess.SpawnError).Step)
				continue
			}
			l := newLoop(t)
			c, err := childprocess.Spawn(l, shell, []string{"-c", "readlink /proc/self/ns/time; exit 7"}, &o)
			if failed, ok := err.(*childprocess.SpawnError); ok && failed.Step == childprocess.StepNamespaces {
				t.Skip("no such namespace can be made here: ", err)
			}
			require.NoError(t, err)
			ev := events(c).reading()
			run(t, l)
			if failed, ok := ev.err.(*childprocess.SpawnError); ok && failed.Step == childprocess.StepNamespaces {
				t.Skip("no such namespace can be made here: ", ev.err)
			}
			require.Equal(t, 7, ev.status.Code, "its end is told as ever")
			require.Regexp(t, `^time:\[\d+\]\n$`, string(ev.data[1]))
			require.NotEqual(t, own+"\n", string(ev.data[1]))
		}
	}
	now, err := os.Readlink("/proc/self/ns/time")
	require.NoError(t, err)
	require.Equal(t, own, now, "this program's")
}
