package childprocess_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

// setuidRoot returns a copy of the program file that is set-user-ID root.
func setuidRoot(t testing.TB, file string) string {
	t.Helper()
	path := filepath.Join(publicDir(t), "setuid")
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	require.NoError(t, err)
	_, err = io.Copy(out, in) // A link would get the mode, too.
	require.NoError(t, err)
	require.NoError(t, out.Close())
	require.NoError(t, os.Chmod(path, 0o755|os.ModeSetuid))
	return path
}

// ids are the lines of a status file of /proc for users and groups: real, effective, saved and file
// system's.
func ids(status string) (uid, gid []string) {
	for line := range strings.Lines(status) {
		switch fields := strings.Fields(line); fields[0] {
		case "Uid:":
			uid = fields[1:]
		case "Gid:":
			gid = fields[1:]
		}
	}
	return uid, gid
}

// A program that is set-user-ID root starts a child, when nobody runs it.
func TestAGroupAloneLeavesTheUsersOfASetUserIDProgram(t *testing.T) {
	file, argv := helperproc.Command("ask", string(jsonOf(t, request{File: "/bin/cat", Args: []string{"/proc/self/status"}, GID: new(uint32(1234))})))
	_, argvPlain := helperproc.Command("ask", string(jsonOf(t, request{File: "/bin/cat", Args: []string{"/proc/self/status"}})))
	_, argvBack := helperproc.Command("ask", string(jsonOf(t, request{File: "/bin/cat", Args: []string{"/proc/self/status"}, UID: new(uint32(nobody)), GID: new(uint32(nobody))})))
	needRoot(t)
	file = setuidRoot(t, file)
	if plainFork() {
		t.Skip("syscall.ForkExec changes user and group together")
	}
	for name, c := range map[string]struct {
		argv     []string
		uid, gid string
	}{
		"nothing":        {argvPlain, "65534 0 0 0", "65534 65534 65534 65534"},
		"a group":        {argv, "65534 0 0 0", "1234 1234 1234 1234"},
		"itself, really": {argvBack, "65534 65534 65534 65534", "65534 65534 65534 65534"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c0 := spawn(t, l, file, c.argv, &childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody)), Dir: "/"})
			var a answer
			require.NoError(t, json.Unmarshal([]byte(output(t, l, c0)), &a))
			require.Equal(t, []string{"spawn", "exit 0", "close 0"}, a.Events)
			uid, gid := ids(a.Stdout)
			if uid[1] == uid[0] && name == "nothing" {
				t.Skip("set-user-ID programs do not work here")
			}
			require.Equal(t, c.uid, strings.Join(uid, " "))
			require.Equal(t, c.gid, strings.Join(gid, " "))
		})
	}
}

// The child searches PATH with its own credentials and in its own directory.
func TestPathIsSearchedByTheChild(t *testing.T) {
	needRoot(t)
	if plainFork() {
		t.Skip("before syscall.ForkExec it is the parent who searches")
	}
	dir := publicDir(t)
	for _, name := range []string{"roots", "closed", "plain", "good", "late"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, name), 0o755))
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, in("roots/tool"), "#!/bin/sh\necho root\n", 0o700)
	writeFile(t, in("closed/tool"), "#!/bin/sh\necho closed\n", 0o755)
	require.NoError(t, os.Chmod(in("closed"), 0o700))
	writeFile(t, in("plain/tool"), "text", 0o644)
	writeFile(t, in("good/tool"), "#!/bin/sh\necho good\n", 0o755)
	require.NoError(t, os.Mkdir(in("late/tool"), 0o755))
	search := func(dirs ...string) []string {
		var path []string
		for _, d := range dirs {
			path = append(path, in(d))
		}
		return []string{"PATH=" + strings.Join(path, ":")}
	}
	nobodys := childprocess.Options{UID: new(uint32(nobody)), GID: new(uint32(nobody))}
	for _, dirs := range [][]string{
		{"good"}, {"roots", "good"}, {"closed", "good"}, {"plain", "good"}, {"late", "good"}, {"nowhere", "roots", "closed", "plain", "late", "good", "roots"},
	} {
		for _, o := range []childprocess.Options{nobodys, {UID: nobodys.UID, GID: nobodys.GID, Async: true}} {
			l := newLoop(t)
			o.Env = search(dirs...)
			require.Equal(t, "good\n", output(t, l, spawn(t, l, "tool", nil, &o)), "%q", dirs)
		}
	}
	// Root has access where the user nobody has none.
	l := newLoop(t)
	require.Equal(t, "root\n", output(t, l, spawn(t, l, "tool", nil, &childprocess.Options{Env: search("roots", "good")})))
	// If no better one follows, the first match is blamed.
	o := nobodys
	o.Env = search("nowhere", "roots", "plain")
	failed, emitted := refused(t, "tool", nil, &o)
	require.True(t, emitted)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepProgram, File: "tool", Path: in("roots/tool"), Args: []string{}, Err: syscall.EACCES,
	}, failed)
}

// If several things are wrong, the first in this order is blamed: descriptors, group, directory,
// credentials, program.
func TestStepsAreTakenInTheirOrder(t *testing.T) {
	needRoot(t)
	if plainFork() {
		t.Skip("syscall.ForkExec has another order, and tells no steps")
	}
	l := newLoop(t)
	foreign := startWith(t, l, &childprocess.Options{Detached: true}, "wait")
	defer func() {
		foreign.Stdin.End()
		run(t, l)
	}()
	wrongCredentials := childprocess.Options{Groups: make([]uint32, 1<<17)}
	wrongDirectory := wrongCredentials
	wrongDirectory.Dir = "/no/such"
	wrongGroup := wrongDirectory
	wrongGroup.Setpgid, wrongGroup.Pgid = true, foreign.Pid()
	wrongSlots := wrongGroup
	wrongSlots.Stdio = []childprocess.Stdio{5: childprocess.FD(1 << 30)}
	for _, c := range []struct {
		o    childprocess.Options
		step childprocess.Step
		err  syscall.Errno
	}{
		{wrongSlots, childprocess.StepStdio, syscall.EBADF},
		{wrongGroup, childprocess.StepGroup, syscall.EPERM},
		{wrongDirectory, childprocess.StepCwd, syscall.ENOENT},
		{wrongCredentials, childprocess.StepCredentials, syscall.EINVAL},
	} {
		for _, async := range []bool{false, true} {
			c.o.Async = async
			l := newLoop(t)
			p, err := childprocess.Spawn(l, "/no/such/program", nil, &c.o)
			if err == nil {
				ev := events(p)
				run(t, l)
				err = ev.err
			}
			failed, ok := err.(*childprocess.SpawnError)
			require.True(t, ok, "%v", err)
			require.Equal(t, c.step, failed.Step)
			require.Equal(t, c.err, failed.Err)
		}
	}
}

// The directory is entered by a user who may do so; the program is looked up from there as the
// child's user.
func TestADirectoryThatOnlyTheParentMayReadIsEntered(t *testing.T) {
	needRoot(t)
	if plainFork() {
		t.Skip("syscall.ForkExec changes the directory last")
	}
	dir := filepath.Join(publicDir(t), "private")
	require.NoError(t, os.Mkdir(dir, 0o700))
	for _, async := range []bool{false, true} {
		l := newLoop(t)
		c := spawn(t, l, "/bin/readlink", []string{"/proc/self/cwd"}, &childprocess.Options{
			Dir: dir, UID: new(uint32(nobody)), GID: new(uint32(nobody)), Async: async, Detached: true,
		})
		require.Equal(t, dir+"\n", output(t, l, c))
	}
}
