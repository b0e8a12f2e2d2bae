package childprocess_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// refused starts a program that the system refuses to start. It returns the SpawnError, and whether
// it came as the error event. It checks the properties of all refusals: the error is the result or
// the event and not both, the events are Node's, and no process and no descriptor is left.
func refused(t *testing.T, file string, args []string, o *childprocess.Options) (failed *childprocess.SpawnError, emitted bool) {
	t.Helper()
	l := newLoop(t)
	warmUp(t, l)
	before := leakcheck.FDs()
	c, err := childprocess.Spawn(l, file, args, o)
	if err != nil {
		require.Nil(t, c)
		run(t, l)
	} else {
		ev := events(c)
		require.Zero(t, c.Pid())
		killed, killErr := c.Kill(syscall.SIGTERM) // Process 0 would be our own group.
		require.NoError(t, killErr)
		require.False(t, killed)
		c.Unref()
		c.Ref()
		run(t, l)
		err, emitted = ev.err, true
		errno, _ := errors.AsType[syscall.Errno](err)
		require.Equal(t, []string{"error " + unix.ErrnoName(errno), fmt.Sprintf("close %d", -int(errno))}, ev.process())
		require.Less(t, ev.index("stdout end"), ev.index("close"), "%q", ev.Entries)
		require.Less(t, ev.index("stderr end"), ev.index("close"), "%q", ev.Entries)
		status, ended := c.Status()
		require.True(t, ended)
		require.Equal(t, childprocess.ExitStatus{Code: -1, NotStarted: err}, status)
		require.False(t, c.Killed())
	}
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	require.True(t, ok, "%#v", err)
	require.Equal(t, before, leakcheck.FDs(), "descriptors before and after: %v", err)
	requireNoChildren(t)
	return failed, emitted
}

// warmUp has the loop open the descriptors that it keeps open from the first child on.
func warmUp(t testing.TB, l *reactor.Loop) {
	t.Helper()
	events(spawn(t, l, filepath.Join(t.TempDir(), "nosuch"), nil, nil))
	run(t, l)
}

// requireNoChildren checks that this process has no child, not even a zombie. Children of loops that
// tests have closed are reaped in the background first.
func requireNoChildren(t testing.TB) {
	t.Helper()
	awaitNoSurvivor(t)
	pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	require.Equal(t, syscall.ECHILD, err, "child %d", pid)
}

// writeFile makes a file with the mode, such as an executable one, and returns its path.
func writeFile(t testing.TB, path, text string, mode os.FileMode) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	require.NoError(t, os.Chmod(path, mode)) // WriteFile obeys the umask.
	return path
}

//brood:checks S001 N008
func TestMissingProgramIsOneErrorEventAndAClose(t *testing.T) {
	t.Setenv("PATH", "/usr/bin:/bin") // Every user can search these directories.
	dir := t.TempDir()
	for name, file := range map[string]string{
		"on PATH":       "brood-no-such-program",
		"absolute path": filepath.Join(dir, "nosuch"),
		"relative path": "./nosuch",
		"in a path":     filepath.Join(dir, "nodir", "nosuch"),
	} {
		t.Run(name, func(t *testing.T) {
			failed, emitted := refused(t, file, []string{"-a", ""}, nil)
			require.True(t, emitted)
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepProgram, File: file, Path: file, Args: []string{"-a", ""}, Err: syscall.ENOENT,
			}, failed)
			require.ErrorIs(t, failed, fs.ErrNotExist)
			require.Equal(t, "spawn "+file+": ENOENT: no such file or directory", failed.Error())
		})
	}
}

//brood:checks N008
func TestStreamsOfAMissingProgramExistAndEnd(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, "./nosuch", nil, &childprocess.Options{Stdio: []childprocess.Stdio{3: childprocess.Pipe}})
	require.Equal(t, []childprocess.StdioStream{
		{Writable: c.Stdin}, {Readable: c.Stdout}, {Readable: c.Stderr}, c.Stdio[3],
	}, c.Stdio)
	require.NotNil(t, c.Stdin)
	require.NotNil(t, c.Stdout)
	require.NotNil(t, c.Stderr)
	require.NotNil(t, c.Stdio[3].Readable)
	require.NotNil(t, c.Stdio[3].Writable)
	ev := events(c)
	run(t, l)
	require.Equal(t, "error ENOENT", ev.Entries[0])
	require.Equal(t, []string{"error ENOENT", "close -2"}, ev.process())
	for _, entry := range []string{"stdin close", "stdout end", "stdout close", "stderr end", "stderr close", "stdio3 end", "stdio3 close", "stdio3w close"} {
		require.Equal(t, 1, ev.count(entry), "%s in %q", entry, ev.Entries)
	}
	for i, s := range c.Stdio {
		if s.Readable != nil {
			require.Equal(t, -1, s.Readable.FD(), i)
		}
		if s.Writable != nil {
			require.Equal(t, -1, s.Writable.FD(), i)
		}
	}
}

//brood:checks S001
func TestErrorEventDoesNotComeInsideSpawn(t *testing.T) {
	l := newLoop(t)
	var order []string
	l.NextTick(func() {
		c := spawn(t, l, "brood-no-such-program", nil, nil)
		c.OnError(func(error) { order = append(order, "error") })
		l.NextTick(func() { order = append(order, "next tick") })
		l.SetImmediate(func() { order = append(order, "immediate") })
		order = append(order, "spawned")
	})
	run(t, l)
	require.Equal(t, []string{"spawned", "error", "next tick", "immediate"}, order)
}

//brood:checks S002
func TestFailedSpawnsLeaveNoProcess(t *testing.T) {
	l := newLoop(t)
	script := writeFile(t, filepath.Join(t.TempDir(), "noformat"), "no program", 0o755)
	long := "/" + strings.Repeat("x", 5000)
	for range 100 / 4 {
		for file, want := range map[string]syscall.Errno{"./nosuch": syscall.ENOENT, "/": syscall.EACCES} {
			ev := events(spawn(t, l, file, nil, nil))
			run(t, l)
			require.ErrorIs(t, ev.err, want)
			requireNoChildren(t)
		}
		for file, want := range map[string]syscall.Errno{script: syscall.ENOEXEC, long: syscall.ENAMETOOLONG} {
			c, err := childprocess.Spawn(l, file, nil, nil)
			require.Nil(t, c)
			require.ErrorIs(t, err, want)
			requireNoChildren(t)
		}
	}
	run(t, l)
}

//brood:checks S003
func TestFailedSpawnsLeaveNoDescriptor(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	warmUp(t, l)
	before := leakcheck.FDs()
	const failures = 1000
	closed := 0
	for range failures / 50 {
		for range 50 {
			c := spawn(t, l, "brood-no-such-program", nil, &childprocess.Options{Stdio: []childprocess.Stdio{4: childprocess.Pipe}})
			c.OnClose(func(childprocess.ExitStatus) { closed++ })
		}
		run(t, l)
		require.Equal(t, before, leakcheck.FDs())
	}
	require.Equal(t, failures, closed)
}

//brood:checks S003
func TestFailedSpawnsThatAreReturnedLeaveNoDescriptor(t *testing.T) {
	l := newLoop(t)
	warmUp(t, l)
	before := leakcheck.FDs()
	for range 200 {
		_, err := childprocess.Spawn(l, "/etc/passwd/program", nil, &childprocess.Options{Stdio: []childprocess.Stdio{4: childprocess.Pipe}})
		require.ErrorIs(t, err, syscall.ENOTDIR)
		require.Equal(t, before, leakcheck.FDs())
	}
	run(t, l)
}

//brood:checks S004 N014
func TestWorkingDirectoryIsBlamed(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "file"), "", 0o644)
	program := writeFile(t, filepath.Join(dir, "program"), "#!/bin/sh\n", 0o755)
	for name, row := range map[string]struct {
		program, cwd string
		err          syscall.Errno
		is           error
	}{
		"missing":                        {program, filepath.Join(dir, "nodir"), syscall.ENOENT, fs.ErrNotExist},
		"missing, program on PATH":       {"ls", filepath.Join(dir, "nodir"), syscall.ENOENT, fs.ErrNotExist},
		"missing, program below it":      {"./program", filepath.Join(dir, "nodir"), syscall.ENOENT, fs.ErrNotExist},
		"a file":                         {program, file, syscall.ENOTDIR, syscall.ENOTDIR},
		"below a file":                   {program, filepath.Join(file, "dir"), syscall.ENOTDIR, syscall.ENOTDIR},
		"too long":                       {program, "/" + strings.Repeat("x", 5000), syscall.ENAMETOOLONG, syscall.ENAMETOOLONG},
		"a loop of links":                {program, loopOfLinks(t), syscall.ELOOP, syscall.ELOOP},
		"missing relative to the parent": {program, "nodir", syscall.ENOENT, fs.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			failed, emitted := refused(t, row.program, nil, &childprocess.Options{Dir: row.cwd})
			require.Equal(t, row.err == syscall.ENOENT, emitted, "Node emits ENOENT and throws the others")
			require.Equal(t, &childprocess.SpawnError{
				Op: "spawn", Step: childprocess.StepCwd, File: row.program, Path: row.cwd, Args: []string{}, Err: row.err,
			}, failed)
			require.ErrorIs(t, failed, row.is)
			require.True(t, strings.HasPrefix(failed.Error(), "spawn "+row.program+": cwd "+row.cwd+": "+unix.ErrnoName(row.err)+": "), failed.Error())
		})
	}
}

func loopOfLinks(t testing.TB) string {
	path := filepath.Join(t.TempDir(), "loop")
	require.NoError(t, os.Symlink("loop", path))
	return path
}

//brood:checks S005
func TestUnexecutableFilesAreToldApart(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	writeFile(t, at("noformat"), "echo no interpreter line\n", 0o755)
	writeFile(t, at("empty"), "", 0o755)
	writeFile(t, at("noxbit"), "#!/bin/sh\n", 0o644)
	writeFile(t, at("nointerpreter"), "#!/no/such/interpreter -x\n", 0o755)
	writeFile(t, at("blanks"), "#! \t/no/such/interpreter\t-x\n", 0o755)
	writeFile(t, at("crlf"), "#!/bin/sh\r\n", 0o755)
	writeFile(t, at("nonewline"), "#!/no/such/interpreter", 0o755)
	writeFile(t, at("deniedinterpreter"), "#!"+at("noxbit")+"\n", 0o755)
	writeFile(t, at("directoryinterpreter"), "#!"+dir+"\n", 0o755)
	writeFile(t, at("nested"), "#!"+at("nointerpreter")+"\n", 0o755)
	writeFile(t, at("relativeinterpreter"), "#!nosuch/interpreter\n", 0o755)
	require.NoError(t, unix.Mkfifo(at("fifo"), 0o755))
	require.NoError(t, os.Chmod(at("fifo"), 0o755))
	const program, interpreter = childprocess.StepProgram, childprocess.StepInterpreter
	for name, row := range map[string]struct {
		step  childprocess.Step
		blame string // "": the file itself
		err   syscall.Errno
	}{
		"noformat":             {program, "", syscall.ENOEXEC},
		"empty":                {program, "", syscall.ENOEXEC},
		"noxbit":               {program, "", syscall.EACCES},
		".":                    {program, "", syscall.EACCES},
		"fifo":                 {program, "", syscall.EACCES},
		"noxbit/program":       {program, "", syscall.ENOTDIR},
		"nosuch":               {program, "", syscall.ENOENT},
		"nointerpreter":        {interpreter, "/no/such/interpreter", syscall.ENOENT},
		"blanks":               {interpreter, "/no/such/interpreter", syscall.ENOENT},
		"crlf":                 {interpreter, "/bin/sh\r", syscall.ENOENT},
		"nonewline":            {interpreter, "/no/such/interpreter", syscall.ENOENT},
		"deniedinterpreter":    {interpreter, at("noxbit"), syscall.EACCES},
		"directoryinterpreter": {interpreter, dir, syscall.EACCES},
		"nested":               {interpreter, "/no/such/interpreter", syscall.ENOENT},
		"relativeinterpreter":  {interpreter, "nosuch/interpreter", syscall.ENOENT},
	} {
		for way, call := range map[string]struct {
			file string
			o    childprocess.Options
		}{
			"absolute":            {at(name), childprocess.Options{}},
			"relative to the cwd": {"./" + name, childprocess.Options{Dir: dir}},
		} {
			t.Run(name+" "+way, func(t *testing.T) {
				blame := row.blame
				if blame == "" {
					blame = call.file
				}
				failed, emitted := refused(t, call.file, nil, &call.o)
				require.Equal(t, row.err == syscall.ENOENT || row.err == syscall.EACCES, emitted)
				require.Equal(t, &childprocess.SpawnError{
					Op: "spawn", Step: row.step, File: call.file, Path: blame, Args: []string{}, Err: row.err,
				}, failed)
				require.Equal(t, row.err == syscall.EACCES, errors.Is(failed, fs.ErrPermission))
			})
		}
	}
}

//brood:checks S005
func TestMissingLoaderIsBlamed(t *testing.T) {
	const program = "/bin/cat"
	image, err := os.ReadFile(program)
	require.NoError(t, err)
	loader := bytes.Index(image, []byte("/lib"))
	if loader < 0 || !bytes.HasPrefix(image[loader:], []byte("/lib64/ld-")) && !bytes.HasPrefix(image[loader:], []byte("/lib/ld-")) {
		t.Skip(program + " names no loader that could be missing")
	}
	image[loader+1] = 'L'
	end := loader + bytes.IndexByte(image[loader:], 0)
	broken := writeFile(t, filepath.Join(t.TempDir(), "broken"), string(image), 0o755)

	failed, emitted := refused(t, broken, nil, nil)
	require.True(t, emitted)
	require.Equal(t, &childprocess.SpawnError{
		Op: "spawn", Step: childprocess.StepInterpreter, File: broken, Path: string(image[loader:end]), Args: []string{}, Err: syscall.ENOENT,
	}, failed)
}

func TestOtherRefusalsAreReturned(t *testing.T) {
	argument := strings.Repeat("x", 1<<20)
	for name, row := range map[string]struct {
		file string
		args []string
		step childprocess.Step
		path string
		err  syscall.Errno
		text string
	}{
		"argument too long": {"true", []string{argument}, childprocess.StepArguments, "true", syscall.E2BIG, "spawn true: arguments: E2BIG: "},
		"path too long":     {"/" + strings.Repeat("x", 5000), nil, childprocess.StepProgram, "", syscall.ENAMETOOLONG, ""},
		"name too long":     {"./" + strings.Repeat("x", 300), nil, childprocess.StepProgram, "", syscall.ENAMETOOLONG, ""},
		"a loop of links":   {loopOfLinks(t), nil, childprocess.StepProgram, "", syscall.ELOOP, ""},
		"below a file":      {"/etc/passwd/program", nil, childprocess.StepProgram, "", syscall.ENOTDIR, ""},
	} {
		t.Run(name, func(t *testing.T) {
			failed, emitted := refused(t, row.file, row.args, nil)
			require.False(t, emitted)
			path := cmp.Or(row.path, row.file)
			args := append([]string{}, row.args...)
			require.Equal(t, &childprocess.SpawnError{Op: "spawn", Step: row.step, File: row.file, Path: path, Args: args, Err: row.err}, failed)
			require.True(t, strings.HasPrefix(failed.Error(), cmp.Or(row.text, "spawn "+row.file+": "+unix.ErrnoName(row.err)+": ")), failed.Error())
		})
	}
}

func TestSpawnErrorText(t *testing.T) {
	for want, err := range map[string]*childprocess.SpawnError{
		"spawn x: ENOENT: no such file or directory":                    {Op: "spawn", Step: childprocess.StepProgram, File: "x", Path: "x", Err: syscall.ENOENT},
		"spawn x: program /bin/x: EACCES: permission denied":            {Op: "spawn", Step: childprocess.StepProgram, File: "x", Path: "/bin/x", Err: syscall.EACCES},
		"spawn x: cwd /d: ENOTDIR: not a directory":                     {Op: "spawn", Step: childprocess.StepCwd, File: "x", Path: "/d", Err: syscall.ENOTDIR},
		"spawn x: interpreter /i: ENOENT: no such file or directory":    {Op: "spawn", Step: childprocess.StepInterpreter, File: "x", Path: "/i", Err: syscall.ENOENT},
		"spawn x: stdio slot 3: EBADF: bad file descriptor":             {Op: "spawn", Step: childprocess.StepStdio, File: "x", Path: "slot 3", Err: syscall.EBADF},
		"spawn x: credentials: EPERM: operation not permitted":          {Op: "spawn", Step: childprocess.StepCredentials, File: "x", Path: "x", Err: syscall.EPERM},
		"spawn x: resource: EMFILE: too many open files":                {Op: "spawn", Step: childprocess.StepResource, File: "x", Path: "x", Err: syscall.EMFILE},
		"spawn x: program ./x: found relative to the current directory": {Op: "spawn", Step: childprocess.StepProgram, File: "x", Path: "./x", Err: childprocess.ErrDot},
	} {
		require.Equal(t, want, err.Error())
		require.ErrorIs(t, err, err.Err)
	}
}
