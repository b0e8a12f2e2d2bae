package childprocess_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// identity writes its user and groups, and whether it can become root again.
	helperproc.Register("identity", func([]string) {
		groups := check(os.Getgroups())
		slices.Sort(groups)
		who := identity{os.Getuid(), os.Geteuid(), os.Getgid(), os.Getegid(), groups, syscall.Setgid(0) == nil, syscall.Setuid(0) == nil}
		writeAll(1, check(json.Marshal(who)))
	})

	// ask starts the child of the request in its argument, and writes an answer.
	helperproc.Register("ask", func(args []string) {
		var q request
		check(0, json.Unmarshal([]byte(args[0]), &q))
		writeAll(1, check(json.Marshal(q.make())))
	})
}

type identity struct {
	UID, EUID, GID, EGID int
	Groups               []int
	GroupBack, UserBack  bool
}

// A request is a child that a helper is to start, which has another user or fewer rights than this
// test.
type request struct {
	File     string
	Args     []string
	Dir      string
	UID, GID *uint32
	Groups   []uint32

	Nice, IOPriority, OOMScore *int
	Umask                      *int
	CPUs                       []int
	Rlimits                    []childprocess.Rlimit
	Cgroup, Chroot             string
	AmbientCaps                []uintptr
	Cloneflags                 uintptr
	UidMappings, GidMappings   []childprocess.IDMap
	Setgroups                  bool // GidMappingsEnableSetgroups
	Pdeathsig                  syscall.Signal
	Detached, Async            bool
	Backend                    childprocess.Backend
	NoNewPrivs                 bool
	Seccomp                    []childprocess.SockFilter
	Below                      string // the directory of a Landlock; "": none
}

// An answer is the result of a request.
type answer struct {
	Returned   bool // the error was the result of Spawn
	Step       childprocess.Step
	Path       string
	Errno      syscall.Errno
	Events     []string
	Stdout     string
	NoChildren bool // no child is left, not even a zombie
}

func (q request) make() (a answer) {
	l := check(openLoop())
	o := childprocess.Options{
		Dir: q.Dir, UID: q.UID, GID: q.GID, Groups: q.Groups, Nice: q.Nice, IOPriority: q.IOPriority, OOMScore: q.OOMScore,
		Umask: q.Umask, CPUs: q.CPUs, Cgroup: q.Cgroup, Pdeathsig: q.Pdeathsig, Detached: q.Detached, Async: q.Async, Backend: q.Backend,
		Rlimits: q.Rlimits, Chroot: q.Chroot, AmbientCaps: q.AmbientCaps, Cloneflags: q.Cloneflags,
		UidMappings: q.UidMappings, GidMappings: q.GidMappings, GidMappingsEnableSetgroups: q.Setgroups, NoNewPrivs: q.NoNewPrivs, Seccomp: q.Seccomp,
	}
	if q.Below != "" {
		o.Landlock = check(rulesetBelow(q.Below))
		defer o.Landlock.Close()
	}
	c, err := childprocess.Spawn(l, q.File, q.Args, &o)
	a.Returned = err != nil
	if err == nil {
		ev := events(c).reading()
		check(0, l.Run())
		err = ev.err
		a.Events, a.Stdout = ev.process(), string(ev.data[1])
	}
	if failed, ok := errors.AsType[*childprocess.SpawnError](err); ok {
		a.Step, a.Path = failed.Step, failed.Path
		a.Errno, _ = errors.AsType[syscall.Errno](err)
	}
	_, err = syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	a.NoChildren = err == syscall.ECHILD
	return a
}

// asNobody has a helper with the user nobody make the request.
func asNobody(t testing.TB, q request) (a answer) {
	t.Helper()
	file, argv := helperproc.Command("ask", string(jsonOf(t, q)))
	l := newLoop(t)
	c := spawn(t, l, publicly(t, file), argv, &childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody)), Dir: "/"})
	require.NoError(t, json.Unmarshal([]byte(output(t, l, c)), &a))
	return a
}

func jsonOf(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

// publicly returns a path by which every user can execute the program file.
func publicly(t testing.TB, file string) string {
	t.Helper()
	path := filepath.Join(publicDir(t), "program")
	link(t, file, path)
	return path
}

// needRoot skips t when this process may not change its credentials.
func needRoot(t testing.TB) {
	t.Helper()
	if err := syscall.Setgroups(currentGroups(t)); err != nil {
		t.Skip("changing credentials is not allowed here: ", err)
	}
}

func currentGroups(t testing.TB) []int {
	t.Helper()
	groups, err := os.Getgroups()
	require.NoError(t, err)
	slices.Sort(groups)
	return groups
}

//brood:checks S056
func TestCredentialsAreExactlyAsAsked(t *testing.T) {
	file, argv := helperproc.Command("identity")
	needRoot(t)
	file = publicly(t, file)
	own := currentGroups(t)
	// Groups that a child could keep.
	require.NoError(t, syscall.Setgroups([]int{2001, 2002}))
	defer func() { require.NoError(t, syscall.Setgroups(own)) }()
	for name, row := range map[string]struct {
		o    childprocess.Options
		want identity
	}{
		"nothing asked":         {childprocess.Options{}, identity{0, 0, 0, 0, []int{2001, 2002}, true, true}},
		"uid and gid":           {childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody))}, identity{nobody, nobody, nobody, nobody, nil, false, false}},
		"uid":                   {childprocess.Options{UID: new(uint32(nobody))}, identity{nobody, nobody, 0, 0, nil, true, false}},
		"gid":                   {childprocess.Options{GID: new(uint32(1234))}, identity{0, 0, 1234, 1234, nil, true, true}},
		"uid 0":                 {childprocess.Options{UID: new(uint32(0))}, identity{0, 0, 0, 0, nil, true, true}},
		"groups":                {childprocess.Options{Groups: []uint32{3002, 3001}}, identity{0, 0, 0, 0, []int{3001, 3002}, true, true}},
		"no groups":             {childprocess.Options{Groups: []uint32{}}, identity{0, 0, 0, 0, nil, true, true}},
		"uid, gid, groups":      {childprocess.Options{UID: new(uint32(1111)), GID: new(uint32(2222)), Groups: []uint32{3333}}, identity{1111, 1111, 2222, 2222, []int{3333}, false, false}},
		"uid, gid and detached": {childprocess.Options{UID: new(uint32(1111)), GID: new(uint32(2222)), Detached: true}, identity{1111, 1111, 2222, 2222, nil, false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			var got identity
			require.NoError(t, json.Unmarshal([]byte(output(t, l, spawn(t, l, file, argv, &row.o))), &got))
			require.Equal(t, row.want, got)
			require.Equal(t, []int{2001, 2002}, currentGroups(t), "the parent's")
			require.Zero(t, os.Getuid())
		})
	}
}

//brood:checks S056 N020
func TestTheUserNobodyMayNotBecomeAnotherUser(t *testing.T) {
	needRoot(t)
	for name, q := range map[string]request{
		"uid 0":       {UID: new(uint32(0))},
		"gid 0":       {GID: new(uint32(0))},
		"both":        {UID: new(uint32(0)), GID: new(uint32(0))},
		"another uid": {UID: new(uint32(1234))},
		"groups":      {Groups: []uint32{0}},
		"no groups":   {Groups: []uint32{}},
		"own, groups": {UID: new(uint32(nobody)), GID: new(uint32(nobody)), Groups: []uint32{nobody}},
	} {
		t.Run(name, func(t *testing.T) {
			q.File = "/bin/echo"
			require.Equal(t, answer{
				Returned: true, Step: childprocess.StepCredentials, Path: q.File, Errno: syscall.EPERM, NoChildren: true,
			}, asNobody(t, q))
		})
	}
}

//brood:checks S056
func TestTheUserNobodyMayAskForItsOwnCredentials(t *testing.T) {
	needRoot(t)
	for name, q := range map[string]request{
		"uid": {UID: new(uint32(nobody))}, "gid": {GID: new(uint32(nobody))}, "both": {UID: new(uint32(nobody)), GID: new(uint32(nobody))}, "neither": {},
	} {
		q.File, q.Args = "/bin/echo", []string{"text"}
		require.Equal(t, answer{Events: []string{"spawn", "exit 0", "close 0"}, Stdout: "text\n", NoChildren: true}, asNobody(t, q), name)
	}
}

//brood:checks S056
func TestTooManyGroupsAreTheCredentialsFault(t *testing.T) {
	needRoot(t)
	failed, emitted := refused(t, "true", nil, &childprocess.Options{Groups: make([]uint32, 1<<17)})
	require.False(t, emitted)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepCredentials, File: "true", Path: "true", Args: []string{}, Err: syscall.EINVAL,
	}, failed)
}

//brood:checks S004
func TestDirectoryThatMayNotBeEntered(t *testing.T) {
	needRoot(t)
	dir := publicDir(t)
	private := filepath.Join(dir, "private")
	require.NoError(t, os.Mkdir(private, 0o700))
	below := filepath.Join(private, "below")
	require.NoError(t, os.Mkdir(below, 0o755))
	linked := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(below, linked))
	owned := filepath.Join(dir, "owned")
	require.NoError(t, os.Mkdir(owned, 0o700))
	require.NoError(t, os.Chown(owned, nobody, nobody))
	denied := writeFile(t, filepath.Join(dir, "denied"), "#!/bin/sh\n", 0o700)
	nobodys := childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody))}

	for name, cwd := range map[string]string{"private": private, "below a private one": below, "a link to it": linked} {
		t.Run(name+", as nobody", func(t *testing.T) {
			require.Equal(t, answer{
				Step: childprocess.StepCwd, Path: cwd, Errno: syscall.EACCES, Events: []string{"error EACCES", "close -13"}, NoChildren: true,
			}, asNobody(t, request{File: "/bin/echo", Dir: cwd}))
		})
		// The directory is changed before the credentials, as in libuv: the user of this program
		// must be able to enter it.
		t.Run(name+", for nobody", func(t *testing.T) {
			if plainFork() {
				t.Skip("syscall.ForkExec changes the directory last")
			}
			l := newLoop(t)
			o := nobodys
			o.Dir = cwd
			target, err := filepath.EvalSymlinks(cwd)
			require.NoError(t, err)
			require.Equal(t, target+"\n", output(t, l, spawn(t, l, "/bin/readlink", []string{"/proc/self/cwd"}, &o)))
		})
	}
	t.Run("a good one, and a program that is denied", func(t *testing.T) {
		for _, cwd := range []string{"/", owned} {
			o := nobodys
			o.Dir = cwd
			failed, _ := refused(t, denied, nil, &o)
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepProgram, File: denied, Path: denied, Args: []string{}, Err: syscall.EACCES,
			}, failed)
			require.Equal(t, answer{
				Step: childprocess.StepProgram, Path: denied, Errno: syscall.EACCES, Events: []string{"error EACCES", "close -13"}, NoChildren: true,
			}, asNobody(t, request{File: denied, Dir: cwd}))
		}
	})
	t.Run("their own", func(t *testing.T) {
		l := newLoop(t)
		o := nobodys
		o.Dir = owned
		require.Equal(t, owned+"\n", output(t, l, spawn(t, l, "pwd", nil, &o)))
	})
}
