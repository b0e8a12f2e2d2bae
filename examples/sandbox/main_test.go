package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// landlocked runs the example, or skips t where the kernel has no landlock.
func landlocked(t testing.TB, args ...string) program.Result {
	t.Helper()
	return unlessMissing(t, program.Run(t, program.Command(t, args...)))
}

func unlessMissing(t testing.TB, r program.Result) program.Result {
	t.Helper()
	if r.Code == exitFailed && r.Stderr == "sandbox: "+errNoLandlock.Error()+"\n" {
		t.Skip(r.Stderr)
	}
	return r
}

// publicDir returns a directory that every user can enter, with one file and one directory in it.
func publicDir(t testing.TB, text string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "brood")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	dir, err = filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "below"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "text"), []byte(text), 0o666))
	return dir
}

// outcomes makes a shell script of commands that says of each whether it could be done.
func outcomes(commands ...string) string {
	var b strings.Builder
	for _, c := range commands {
		b.WriteString("if (" + c + ") >/dev/null 2>&1; then echo yes; else echo no; fi\n")
	}
	return b.String()
}

func TestAProgramCanReadOneDirectoryAndNothingElse(t *testing.T) {
	in, out := publicDir(t, "inside\n"), publicDir(t, "outside\n")
	require.NoError(t, os.Symlink(filepath.Join(out, "text"), filepath.Join(in, "link")))
	r := landlocked(t, in, "--", "cat", "text", filepath.Join(in, "text"))
	require.Equal(t, program.Result{Stdout: "inside\ninside\n"}, r)

	allowed := []string{"cat text", "cat <text", "ls", "ls below", "cd below", "/bin/cat text"}
	denied := denied(out)
	r = landlocked(t, in, "sh", "-c", outcomes(append(allowed, denied...)...))
	require.Equal(t, program.Result{
		Stdout: strings.Repeat("yes\n", len(allowed)) + strings.Repeat("no\n", len(denied)),
	}, r)
	for _, dir := range []string{in, out} {
		names, err := filepath.Glob(dir + "/*")
		require.NoError(t, err)
		names = append(names, check(t)(filepath.Glob(dir+"/below/*"))...)
		require.NotContains(t, strings.Join(names, " "), "new")
		require.NotContains(t, strings.Join(names, " "), "copy")
	}
	text, err := os.ReadFile(in + "/text")
	require.NoError(t, err)
	require.Equal(t, "inside\n", string(text))
}

// denied are commands, for a program whose directory is another one than out.
func denied(out string) []string {
	return []string{
		"cat /etc/passwd", "cat " + out + "/text", "cat link", "cat ../" + filepath.Base(out) + "/text", "ls " + out, "ls ..", "ls /", "ls /usr",
		"cat /proc/self/status", "echo >text", "echo >>text", "echo >new", "mkdir new", "rm text", "rmdir below", "mv text below",
		"ln -s text new", "ln text new", "mkfifo new", "echo >" + out + "/new", "rm " + out + "/text", "cp text " + out + "/copy",
		": >below/new", "touch below/new",
	}
}

// What is denied to a restricted program is not denied for another reason.
func TestWithoutRestrictionAllOfItCanBeDone(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("one of them is for Linux: ", err)
	}
	for i := range denied("") {
		in, out := publicDir(t, "inside\n"), publicDir(t, "outside\n")
		require.NoError(t, os.Symlink(filepath.Join(out, "text"), filepath.Join(in, "link")))
		cmd := exec.Command("sh", "-c", denied(out)[i])
		cmd.Dir = in
		text, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s: %s", denied(out)[i], text)
	}
}

// check ends t for an error.
func check(t testing.TB) func([]string, error) []string {
	return func(v []string, err error) []string {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// Nobody needs a privilege for that, and root's do not help.
func TestNobodyCanRunAProgramRestricted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	in, out := publicDir(t, "inside\n"), publicDir(t, "outside\n")
	cmd := program.Command(t, in, "sh", "-c", "id -u; cat text; "+outcomes("cat "+out+"/text", "echo >text"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	require.Equal(t, program.Result{Stdout: "65534\ninside\nno\nno\n"}, unlessMissing(t, program.Run(t, cmd)))
}

func TestMoreCanBeAllowed(t *testing.T) {
	in, out, tools := publicDir(t, "inside\n"), publicDir(t, "outside\n"), publicDir(t, "")
	tool := filepath.Join(tools, "below", "tool")
	require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\ncat text \"$1\"\n"), 0o755))

	r := landlocked(t, "-ro", out, in, "--", "cat", "text", out+"/text")
	require.Equal(t, program.Result{Stdout: "inside\noutside\n"}, r)

	r = landlocked(t, in, tool)
	require.Equal(t, exitNotExecuted, r.Code)
	require.Equal(t, "sandbox: spawn "+tool+": EACCES: permission denied (what is executed, and its libraries, must be below an -exec)\n", r.Stderr)

	args := []string{"-ro", out, "-exec", tools}
	for _, dir := range systemPrograms {
		if _, err := os.Stat(dir); err == nil {
			args = append(args, "-exec", dir)
		}
	}
	r = landlocked(t, append(args, in, tool, out+"/text")...)
	require.Equal(t, program.Result{Stdout: "inside\noutside\n"}, r)

	// Given, -exec stands for all.
	r = landlocked(t, "-exec", tools, in, "cat", "text")
	require.Equal(t, exitNotExecuted, r.Code)
}

func TestTheRestrictionIsThatOfThisProgramsChildAlone(t *testing.T) {
	in, out := publicDir(t, "inside\n"), publicDir(t, "outside\n")
	j := job{dir: in, file: "true"}
	ruleset, _, err := j.ruleset()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	require.NoError(t, ruleset.Close())
	require.Zero(t, run(j))
	text, err := os.ReadFile(out + "/text")
	require.NoError(t, err)
	require.Equal(t, "outside\n", string(text))
}

// Where the kernel restricts TCP.
func TestAProgramCannotConnect(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash connects by itself: ", err)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	out, err := exec.Command("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port).CombinedOutput()
	require.NoError(t, err, "%s", out) // Without a restriction.
	r := landlocked(t, publicDir(t, ""), "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+port)
	if r.Code == 0 {
		t.Skip("this kernel does not restrict TCP (Linux 6.7)")
	}
	require.Contains(t, r.Stderr, "Permission denied")
}

func TestTheExitCodeIsThatOfTheProgram(t *testing.T) {
	in := publicDir(t, "")
	require.Equal(t, program.Result{Code: 7}, landlocked(t, in, "sh", "-c", "exit 7"))
	require.Equal(t, program.Result{Code: exitSignal + 15}, landlocked(t, in, "sh", "-c", "kill $$"))
	require.Equal(t, program.Result{Code: exitNotFound, Stderr: "sandbox: spawn nosuch: ENOENT: no such file or directory\n"},
		landlocked(t, in, "nosuch"))
}

func TestAMistakeIsExplained(t *testing.T) {
	for _, args := range [][]string{{}, {"/tmp"}, {"/tmp", "--"}, {"-nosuch", "/tmp", "true"}} {
		r := program.Run(t, program.Command(t, args...))
		require.Equal(t, exitUsage, r.Code, "%v", args)
		require.Contains(t, r.Stderr, "sandbox: ", "%v", args)
	}
	r := landlocked(t, "/no/such/directory", "true")
	require.Equal(t, exitFailed, r.Code)
	require.Contains(t, r.Stderr, "/no/such/directory")
}

func TestTheRunThatIsRecorded(t *testing.T) {
	command, recorded := program.Recorded(t)
	_, script, ok := strings.Cut(strings.TrimSuffix(command, "'"), " sh -c '")
	require.True(t, ok, command)
	r := landlocked(t, publicDir(t, "inside\n"), "sh", "-c", script)
	require.Equal(t, recorded, r.Stdout+r.Stderr)
}
