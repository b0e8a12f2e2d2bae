package childprocess_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// needLandlock returns a ruleset that allows reading and executing below some directories, or skips
// t.
func needLandlock(t testing.TB, dirs ...string) *os.File {
	t.Helper()
	ruleset, err := rulesetBelow(dirs...)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.EPERM) {
		t.Skip("no landlock: ", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { _ = ruleset.Close() }) // Some tests have closed it.
	return ruleset
}

// system are the directories of the system's programs and their files.
func system(t testing.TB) (dirs []string) {
	t.Helper()
	for _, dir := range []string{"/usr", "/bin", "/lib", "/lib64", "/etc/ld.so.cache"} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	require.NotEmpty(t, dirs)
	return dirs
}

// inAndOut returns two directories with a file "text" in each. A child is to read only the first.
func inAndOut(t testing.TB) (in, out string) {
	t.Helper()
	in, out = publicDir(t), publicDir(t)
	writeFile(t, in+"/text", "in\n", 0o644)
	writeFile(t, out+"/text", "out\n", 0o644)
	return in, out
}

// tryAll reads both files and creates one.
const tryAll = `cat "$1/text"; cat "$2/text" 2>&- || echo denied; echo >"$1/new" 2>&- || echo denied`

func TestARulesetRestrictsTheChildAlone(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	in, out := inAndOut(t)
	for _, async := range []bool{false, true} {
		for _, policy := range []childprocess.FDPolicy{childprocess.FDsSlots, childprocess.FDsCloseOnExec} {
			ruleset := needLandlock(t, append(system(t), in)...)
			l := newLoop(t)
			o := childprocess.Options{Landlock: ruleset, NoNewPrivs: true, Async: async, FDPolicy: policy}
			c := spawn(t, l, shell, []string{"-c", tryAll, shell, in, out}, &o)
			require.NoError(t, ruleset.Close()) // The call has its copy.
			require.Equal(t, "in\ndenied\ndenied\n", output(t, l, c))
			for _, file := range []string{in + "/text", out + "/text"} {
				_, err := os.ReadFile(file)
				require.NoError(t, err, "this program")
			}
			require.Equal(t, "in\nout\n", output(t, l, spawn(t, l, "/bin/cat", []string{in + "/text", out + "/text"}, nil)), "a child without")
		}
	}
}

// The file's number may be that of a slot, and the child has no descriptor of the ruleset.
func TestAChildDoesNotHaveItsRuleset(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	in, out := inAndOut(t)
	stdio := make([]childprocess.Stdio, 24)
	for i := range stdio {
		if i > 2 && i%3 != 0 {
			stdio[i] = childprocess.Pipe
		}
	}
	for _, slots := range [][]childprocess.Stdio{nil, stdio} {
		for _, policy := range []childprocess.FDPolicy{childprocess.FDsSlots, childprocess.FDsCloseOnExec} {
			for _, async := range []bool{false, true} {
				o := childprocess.Options{Stdio: slots, FDPolicy: policy, Async: async}
				want := inheritedBy(t, &o)
				o.Landlock, o.NoNewPrivs = needLandlock(t, "/"), true
				require.Equal(t, want, inheritedBy(t, &o))

				o.Landlock = needLandlock(t, append(system(t), in)...)
				l := newLoop(t)
				ev := events(spawn(t, l, shell, []string{"-c", tryAll, shell, in, out}, &o)).reading()
				run(t, l)
				require.Equal(t, "in\ndenied\ndenied\n", string(ev.data[1]))
			}
		}
	}
}

// The ruleset is entered after everything but the program was opened: Dir, the files of Stdio and
// those of other settings need no permission.
func TestARulesetIsForTheProgramAndWhatItDoes(t *testing.T) {
	ownForkOnly(t)
	noNewFDs(t)
	in, out := inAndOut(t)
	with := func(more childprocess.Options, dirs ...string) *childprocess.Options {
		more.Landlock, more.NoNewPrivs = needLandlock(t, dirs...), true
		return &more
	}
	t.Run("program", func(t *testing.T) {
		program := writeFile(t, out+"/program", "#!/bin/sh\necho ran\n", 0o755)
		for _, async := range []bool{false, true} {
			for name, row := range map[string]struct {
				allowed []string
				step    childprocess.Step
			}{
				"not allowed":             {append(system(t), in), childprocess.StepProgram},
				"interpreter not allowed": {[]string{out}, childprocess.StepProgram},
			} {
				require.Equal(t, &childprocess.SpawnError{
					Op: "spawn", Step: row.step, File: program, Path: program, Args: []string{}, Err: unix.EACCES,
				}, failureOf(t, program, with(childprocess.Options{Async: async}, row.allowed...)), name)
				requireNoChildren(t)
			}
			l := newLoop(t)
			require.Equal(t, "ran\n", output(t, l, spawn(t, l, program, nil, with(childprocess.Options{Async: async}, append(system(t), out)...))))
		}
	})
	t.Run("directory and settings", func(t *testing.T) {
		file, err := os.Open(out + "/text")
		require.NoError(t, err)
		defer file.Close()
		l := newLoop(t)
		o := with(childprocess.Options{
			Dir: out, OOMScore: new(777), Nice: new(3), Umask: new(0o27), Stdio: []childprocess.Stdio{childprocess.File(file)},
		}, system(t)...)
		const script = `cat; pwd; umask; nice; cat text 2>&- || echo denied`
		require.Equal(t, "out\n"+out+"\n0027\n3\ndenied\n", output(t, l, spawn(t, l, shell, []string{"-c", script}, o)))
		// It waits, so its score can be read from outside.
		c := spawn(t, l, "/bin/cat", nil, o)
		score, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.Pid()), "oom_score_adj"))
		require.NoError(t, err)
		require.Equal(t, "777\n", string(score))
		run(t, l)
	})
	t.Run("root", func(t *testing.T) {
		needRoot(t)
		root := publicDir(t)
		require.NoError(t, os.Mkdir(root+"/bin", 0o755))
		linkLibraries(t, "/bin/cat", root)
		for _, name := range []string{"cat"} {
			real, err := filepath.EvalSymlinks("/bin/" + name)
			require.NoError(t, err)
			link(t, real, root+"/bin/"+name)
		}
		writeFile(t, root+"/text", "below\n", 0o644)
		o := with(childprocess.Options{Chroot: root, UID: new(uint32(nobody))}, root)
		l := newLoop(t)
		require.Equal(t, "below\n", output(t, l, spawn(t, l, "/bin/cat", []string{"/text"}, o)))
		require.Equal(t, &childprocess.SpawnError{
			Op: "spawn", Step: childprocess.StepProgram, File: "/bin/cat", Path: "/bin/cat", Args: []string{}, Err: unix.EACCES,
		}, failureOf(t, "/bin/cat", with(childprocess.Options{Chroot: root}, "/usr")))
	})
	t.Run("namespaces", func(t *testing.T) {
		needRoot(t)
		needUserNamespace(t)
		o := with(childprocess.Options{
			Cloneflags: unix.CLONE_NEWUSER, UidMappings: []childprocess.IDMap{{0, nobody, 1}}, GidMappings: []childprocess.IDMap{{0, nobody, 1}},
		}, append(system(t), in)...)
		o.NoNewPrivs = false // Its namespace gives it the privilege.
		l := newLoop(t)
		require.Equal(t, "in\ndenied\ndenied\n", output(t, l, spawn(t, l, shell, []string{"-c", tryAll, shell, in, out}, o)))
	})
	t.Run("filter", func(t *testing.T) {
		o := with(childprocess.Options{
			Seccomp: allowing(unix.SECCOMP_RET_ERRNO|uint32(unix.EPERM), unix.SYS_EXECVE, unix.SYS_EXIT_GROUP),
		}, system(t)...)
		err := failureOf(t, out+"/program", o)
		require.ErrorIs(t, err, unix.EACCES)
		requireNoChildren(t)
	})
}

func TestARulesetTakesAPrivilegeOrNoNewPrivs(t *testing.T) {
	ownForkOnly(t)
	needRoot(t)
	in, out := inAndOut(t)
	dirs := append(system(t), in)
	l := newLoop(t)
	argv := []string{"-c", tryAll, shell, in, out}
	require.Equal(t, "in\ndenied\ndenied\n", output(t, l, spawn(t, l, shell, argv, &childprocess.Options{Landlock: needLandlock(t, dirs...)})))
	// The user changes before.
	o := childprocess.Options{Landlock: needLandlock(t, dirs...), UID: new(uint32(nobody))}
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepLandlock, File: "/bin/echo", Path: "/bin/echo", Args: []string{}, Err: unix.EPERM,
	}, failureOf(t, "/bin/echo", &o))
	requireNoChildren(t)
	with := o
	with.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN} // Now that user has the privilege.
	require.Equal(t, "in\ndenied\ndenied\n", output(t, l, spawn(t, l, shell, argv, &with)))
	o.NoNewPrivs = true
	require.Equal(t, "in\ndenied\ndenied\n", output(t, l, spawn(t, l, shell, argv, &o)))

	q := request{File: "/bin/ls", Args: []string{"/"}, Below: "/usr"}
	require.Equal(t, answer{
		Returned: true, Step: childprocess.StepLandlock, Path: q.File, Errno: unix.EPERM, NoChildren: true,
	}, asNobody(t, q))
	q.NoNewPrivs, q.Args, q.Below = true, []string{in}, "/"
	require.Equal(t, "text\n", asNobody(t, q).Stdout)
}

func TestAnotherFileThanARulesetIsRefused(t *testing.T) {
	ownForkOnly(t)
	needLandlock(t)
	noNewFDs(t)
	null, err := os.Open(os.DevNull)
	require.NoError(t, err)
	closed, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	r, w, err := os.Pipe()
	require.NoError(t, err)
	for file, errno := range map[*os.File]unix.Errno{null: unix.EBADFD, r: unix.EBADFD, closed: unix.EBADF} {
		for _, async := range []bool{false, true} {
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepLandlock, File: "/bin/echo", Path: "/bin/echo", Args: []string{}, Err: errno,
			}, failureOf(t, "/bin/echo", &childprocess.Options{Landlock: file, NoNewPrivs: true, Async: async}))
			requireNoChildren(t)
		}
	}
	for _, file := range []*os.File{null, r, w} {
		require.NoError(t, file.Close())
	}
}

func TestTheFlagsOfARulesetAreTheKernels(t *testing.T) {
	ownForkOnly(t)
	ruleset := needLandlock(t, "/")
	o := childprocess.Options{Landlock: ruleset, NoNewPrivs: true, LandlockFlags: 1 << 31}
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepLandlock, File: "/bin/echo", Path: "/bin/echo", Args: []string{}, Err: unix.EINVAL,
	}, failureOf(t, "/bin/echo", &o))
	o.LandlockFlags = unix.LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "/bin/echo", []string{"text"}, &o)
	if errors.Is(err, unix.EINVAL) {
		t.Skip("the kernel does not know the flag (Linux 6.15): ", err)
	}
	require.NoError(t, err)
	require.Equal(t, "text\n", output(t, l, c))
}

// A kernel that was built, or was started, without landlock.
func TestWithoutLandlockARulesetIsUnsupported(t *testing.T) {
	ownForkOnly(t)
	for _, errno := range []unix.Errno{unix.ENOSYS, unix.EOPNOTSUPP} {
		t.Run(unix.ErrnoName(errno), func(t *testing.T) {
			ruleset := needLandlock(t, "/")
			sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_LANDLOCK_RESTRICT_SELF))
			err := failureOf(t, "/bin/echo", &childprocess.Options{NoNewPrivs: true, Landlock: ruleset})
			failed, ok := errors.AsType[*childprocess.SpawnError](err)
			require.True(t, ok, "%v", err)
			require.Equal(t, childprocess.StepLandlock, failed.Step)
			require.ErrorIs(t, err, errors.ErrUnsupported)
			requireNoChildren(t)
		})
	}
}

// If a backend has no Landlock, PreSpawn can restrict the forking thread.
func TestPreSpawnCanRestrictEveryBackend(t *testing.T) {
	noNewFDs(t)
	in, out := inAndOut(t)
	for name, backend := range backends() {
		// Without close_range(2), syscall.ForkExec runs on a thread without other descriptors,
		// which are listed in /proc.
		ruleset := needLandlock(t, append(system(t), in, "/proc")...)
		o := childprocess.Options{Backend: backend, PreSpawn: func() error { return restrictThread(ruleset) }}
		l := newLoop(t)
		require.Equal(t, "in\ndenied\ndenied\n", output(t, l, spawn(t, l, shell, []string{"-c", tryAll, shell, in, out}, &o)), name)
		_, err := os.ReadFile(out + "/text")
		require.NoError(t, err, name)
	}
}

// restrictThread restricts this thread as Landlock and NoNewPrivs restrict a child.
func restrictThread(ruleset *os.File) (err error) {
	if err = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	conn, err := ruleset.SyscallConn()
	if err != nil {
		return err
	}
	var errno unix.Errno
	err = conn.Control(func(fd uintptr) { _, _, errno = unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0) })
	if errno != 0 {
		return errno
	}
	return err
}
