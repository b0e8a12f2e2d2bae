//go:build amd64 || arm64

package process_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/process"
)

// nobody is a user and a group without privileges. It need not be in /etc/passwd.
const nobody = 65534

// fails starts spec, which must fail as want says, and leave nothing behind.
func fails(t *testing.T, s *process.Starter, spec *process.Spec, want process.Failure) {
	t.Helper()
	spec.Pidfd = true
	p, failure := s.Start(spec)
	if failure == nil {
		p.Abort()
	}
	require.Equal(t, &want, failure, "%+v", spec)
	require.LessOrEqual(t, p.Pid, 0)
	noChild(t)
	refilled(t, s)
}

// refilled fails t if a number that s holds is not /dev/null.
func refilled(t testing.TB, s *process.Starter) {
	t.Helper()
	var null unix.Stat_t
	require.NoError(t, unix.Stat("/dev/null", &null))
	for _, fd := range s.Reserved() {
		var st unix.Stat_t
		require.NoError(t, unix.Fstat(fd, &st))
		require.Equal(t, null.Rdev, st.Rdev, "descriptor %d", fd)
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		require.NoError(t, err)
		require.Equal(t, unix.FD_CLOEXEC, flags, "descriptor %d", fd)
	}
}

func ownForkOnly(t testing.TB) {
	t.Helper()
	if os.Getenv(forkSwitch) == "forkexec" {
		t.Skip("syscall.ForkExec promises less")
	}
}

func privileged(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may change the user")
	}
}

func TestEachStepThatFailsIsNamed(t *testing.T) {
	ownForkOnly(t)
	nothingIsLeft(t)
	s := newStarter(t)
	program := exitProgram(0).newProgram(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	loop := filepath.Join(dir, "loop")
	require.NoError(t, os.Symlink(loop, loop))
	longName := filepath.Join(dir, strings.Repeat("n", 256))
	closed := highestNumber(t, highestSource)

	for _, c := range []struct {
		name   string
		change func(*process.Spec)
		want   process.Failure
	}{
		{"a high slot is not open", func(s *process.Spec) { s.Slots[1] = closed }, process.Failure{Step: process.StepSlots, Err: unix.EBADF}},
		{"a low slot is not open", func(s *process.Spec) { s.Slots = []int{0, 1, 2, 200, 3, 201} }, process.Failure{Step: process.StepSlots, Err: unix.EBADF}},
		{"a slot is no descriptor", func(s *process.Spec) { s.Slots[0] = -2 }, process.Failure{Step: process.StepSlots, Err: unix.EBADF}},
		{"group of nobody", func(s *process.Spec) { s.Setpgid, s.Pgid = true, 1<<30 }, process.Failure{Step: process.StepGroup, Err: unix.EPERM}},
		{"group below zero", func(s *process.Spec) { s.Setpgid, s.Pgid = true, -1 }, process.Failure{Step: process.StepGroup, Err: unix.EINVAL}},
		{"group after session", func(s *process.Spec) { s.Setsid, s.Setpgid = true, true }, process.Failure{Step: process.StepGroup, Err: unix.EPERM}},
		{"terminal not open", func(s *process.Spec) { s.Setsid, s.Setctty, s.Ctty = true, true, 2 }, process.Failure{Step: process.StepTerminal, Err: unix.EBADF}},
		{"no directory", func(s *process.Spec) { s.Dir = dir + "/none" }, process.Failure{Step: process.StepDirectory, Path: dir + "/none", Err: unix.ENOENT}},
		{"directory is a file", func(s *process.Spec) { s.Dir = file }, process.Failure{Step: process.StepDirectory, Path: file, Err: unix.ENOTDIR}},
		{"directory is a loop", func(s *process.Spec) { s.Dir = loop }, process.Failure{Step: process.StepDirectory, Path: loop, Err: unix.ELOOP}},
		{"directory and program", func(s *process.Spec) { s.Dir, s.Files = "none", []string{"none"} }, process.Failure{Step: process.StepDirectory, Path: "none", Err: unix.ENOENT}},
		{"no program", func(s *process.Spec) { s.Files[0] = dir + "/none" }, process.Failure{Step: process.StepExec, Path: dir + "/none", Err: unix.ENOENT}},
		{"no program in the directory", func(s *process.Spec) { s.Dir, s.Files[0] = dir, "./none" }, process.Failure{Step: process.StepExec, Path: "./none", Err: unix.ENOENT}},
		{"empty name", func(s *process.Spec) { s.Files[0] = "" }, process.Failure{Step: process.StepExec, Path: "", Err: unix.ENOENT}},
		{"a file for a directory", func(s *process.Spec) { s.Files[0] = file + "/x" }, process.Failure{Step: process.StepExec, Path: file + "/x", Err: unix.ENOTDIR}},
		{"not executable", func(s *process.Spec) { s.Files[0] = file }, process.Failure{Step: process.StepExec, Path: file, Err: unix.EACCES}},
		{"a directory", func(s *process.Spec) { s.Files[0] = dir }, process.Failure{Step: process.StepExec, Path: dir, Err: unix.EACCES}},
		{"a loop", func(s *process.Spec) { s.Files[0] = loop }, process.Failure{Step: process.StepExec, Path: loop, Err: unix.ELOOP}},
		{"a long name", func(s *process.Spec) { s.Files[0] = longName }, process.Failure{Step: process.StepExec, Path: longName, Err: unix.ENAMETOOLONG}},
		{"a long argument", func(s *process.Spec) { s.Args = append(s.Args, strings.Repeat("a", 1<<20)) }, process.Failure{Step: process.StepExec, Path: program, Err: unix.E2BIG}},
		{"a long variable", func(s *process.Spec) { s.Env = append(s.Env, "A="+strings.Repeat("a", 1<<20)) }, process.Failure{Step: process.StepExec, Path: program, Err: unix.E2BIG}},
	} {
		t.Run(c.name, func(t *testing.T) {
			spec := command(program)
			c.change(spec)
			fails(t, s, spec, c.want)
			// The next start must not be affected.
			require.Equal(t, process.Change{Kind: process.Exited}, finish(t, start(t, s, command(program))))
		})
	}
}

func TestFilesThatCannotBeExecuted(t *testing.T) {
	ownForkOnly(t)
	nothingIsLeft(t)
	s := newStarter(t)
	dir := publicDir(t)
	write := func(name, text string, mode os.FileMode) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), mode))
		return file
	}
	text := write("text", "no program\n", 0o755)
	empty := write("empty", "", 0o755)
	private := write("private", "#!/bin/sh\n", 0o644)
	missing := write("missing", "#!/none/interpreter -x\n", 0o755)
	deep := write("deep", "#!"+missing+"\n", 0o755)
	denied := write("denied", "#! \t"+private+" x\n", 0o755)
	endless := filepath.Join(dir, "endless")
	write("endless", "#!"+endless+"\n", 0o755)

	for _, c := range []struct {
		file string
		want process.Failure
	}{
		{text, process.Failure{Step: process.StepExec, Path: text, Err: unix.ENOEXEC}},
		{empty, process.Failure{Step: process.StepExec, Path: empty, Err: unix.ENOEXEC}},
		{private, process.Failure{Step: process.StepExec, Path: private, Err: unix.EACCES}},
		{missing, process.Failure{Step: process.StepInterpreter, Path: "/none/interpreter", Err: unix.ENOENT}},
		{deep, process.Failure{Step: process.StepInterpreter, Path: "/none/interpreter", Err: unix.ENOENT}},
		{denied, process.Failure{Step: process.StepInterpreter, Path: private, Err: unix.EACCES}},
		{endless, process.Failure{Step: process.StepExec, Path: endless, Err: unix.ELOOP}},
	} {
		t.Run(filepath.Base(c.file), func(t *testing.T) {
			fails(t, s, command(c.file), c.want)
			// A relative name is the child's, and the child is in another directory.
			spec := command("./" + filepath.Base(c.file))
			spec.Dir = dir
			if c.want.Path == c.file {
				c.want.Path = spec.Files[0]
			}
			fails(t, s, spec, c.want)
		})
	}

	t.Run("being written", func(t *testing.T) {
		busy := exitProgram(0).newProgram(t)
		f, err := os.OpenFile(busy, os.O_WRONLY, 0)
		require.NoError(t, err)
		fails(t, s, command(busy), process.Failure{Step: process.StepExec, Path: busy, Err: unix.ETXTBSY})
		require.NoError(t, f.Close())
		require.Equal(t, process.Change{Kind: process.Exited}, finish(t, start(t, s, command(busy))))
	})
}

func TestAGroupOfAnotherSessionIsRefused(t *testing.T) {
	ownForkOnly(t)
	nothingIsLeft(t)
	s := newStarter(t)
	pause := pauseProgram.newProgram(t)
	leader := command(pause)
	leader.Setsid = true
	other := start(t, s, leader)
	session, err := unix.Getsid(other.Pid)
	require.NoError(t, err)
	require.Equal(t, other.Pid, session)
	spec := command(pause)
	spec.Setpgid, spec.Pgid = true, other.Pid
	p, failure := s.Start(spec)
	other.Abort()
	require.Equal(t, &process.Failure{Step: process.StepGroup, Err: unix.EPERM}, failure)
	require.LessOrEqual(t, p.Pid, 0)
}

func TestCredentialsThatAreRefused(t *testing.T) {
	ownForkOnly(t)
	privileged(t)
	nothingIsLeft(t)
	s := newStarter(t)
	program := exitProgram(0).newProgram(t)
	spec := command(program)
	spec.Groups = make([]uint32, 1<<16+1) // NGROUPS_MAX and one
	fails(t, s, spec, process.Failure{Step: process.StepGroups, Err: unix.EINVAL})
	spec = command(program)
	spec.GID = new(^uint32(0))
	fails(t, s, spec, process.Failure{Step: process.StepGID, Err: unix.EINVAL})
	spec = command(program)
	spec.UID = new(^uint32(0))
	fails(t, s, spec, process.Failure{Step: process.StepUID, Err: unix.EINVAL})

	// The child has changed its user when it executes.
	require.NoError(t, os.Chmod(program, 0o700))
	spec = command(program)
	spec.UID, spec.GID = new(uint32(nobody)), new(uint32(nobody))
	fails(t, s, spec, process.Failure{Step: process.StepExec, Path: program, Err: unix.EACCES})
	// It had not changed it when it changed its directory.
	private := t.TempDir()
	require.NoError(t, os.Chmod(private, 0o700))
	require.NoError(t, os.Chmod(program, 0o755))
	spec.Dir = private
	require.Equal(t, process.Change{Kind: process.Exited}, finish(t, start(t, s, spec)))
}

// sandboxVariable is the variable by which the parent passes the directory with files to a test
// that runs as nobody.
const sandboxVariable = "BROOD_PROCESS_SANDBOX"

func TestStartsWithoutPrivileges(t *testing.T) {
	ownForkOnly(t)
	sandbox := os.Getenv(sandboxVariable)
	if sandbox == "" {
		sandbox = publicDir(t)
		exitProgram(0).write(t, sandbox+"/program")
		exitProgram(0).write(t, sandbox+"/private")
		require.NoError(t, os.Mkdir(sandbox+"/closed", 0o700))
		exitProgram(0).write(t, sandbox+"/closed/program")
		if os.Geteuid() == 0 {
			require.NoError(t, os.Chmod(sandbox+"/private", 0o700))
		} else {
			require.NoError(t, os.Chmod(sandbox+"/private", 0o600))
			require.NoError(t, os.Chmod(sandbox+"/closed", 0o600))
		}
	}
	if !(solitude{env: []string{sandboxVariable + "=" + sandbox}}).is(t) {
		return
	}
	if os.Geteuid() == 0 {
		require.NoError(t, syscall.Setgroups(nil))
		require.NoError(t, syscall.Setgid(nobody))
		require.NoError(t, syscall.Setuid(nobody))
	}
	nothingIsLeft(t)
	s := newStarter(t)
	program, private, closed := sandbox+"/program", sandbox+"/private", sandbox+"/closed"
	for name, c := range map[string]struct {
		change func(*process.Spec)
		want   process.Failure
	}{
		"groups":      {func(s *process.Spec) { s.Groups = []uint32{} }, process.Failure{Step: process.StepGroups, Err: unix.EPERM}},
		"gid":         {func(s *process.Spec) { s.GID = new(uint32(0)) }, process.Failure{Step: process.StepGID, Err: unix.EPERM}},
		"uid":         {func(s *process.Spec) { s.UID = new(uint32(0)) }, process.Failure{Step: process.StepUID, Err: unix.EPERM}},
		"directory":   {func(s *process.Spec) { s.Dir = closed }, process.Failure{Step: process.StepDirectory, Path: closed, Err: unix.EACCES}},
		"program":     {func(s *process.Spec) { s.Files[0] = private }, process.Failure{Step: process.StepExec, Path: private, Err: unix.EACCES}},
		"way":         {func(s *process.Spec) { s.Files[0] = closed + "/program" }, process.Failure{Step: process.StepExec, Path: closed + "/program", Err: unix.EACCES}},
		"same person": {func(s *process.Spec) { s.UID, s.GID = new(uint32(os.Getuid())), new(uint32(os.Getgid())) }, process.Failure{}},
	} {
		t.Run(name, func(t *testing.T) {
			spec := command(program)
			c.change(spec)
			if c.want.Err != 0 {
				fails(t, s, spec, c.want)
				return
			}
			require.Equal(t, process.Change{Kind: process.Exited}, finish(t, start(t, s, spec)))
		})
	}
}

func TestAFailureIsItsErrno(t *testing.T) {
	failure := &process.Failure{Step: process.StepExec, Path: "x", Err: unix.ENOENT}
	require.ErrorIs(t, failure, fs.ErrNotExist)
	require.ErrorIs(t, failure, unix.ENOENT)
	require.Equal(t, unix.ENOENT, errors.Unwrap(failure))
	require.Equal(t, unix.ENOENT.Error(), failure.Error())
}
