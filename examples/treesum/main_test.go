package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/examples/internal/program"
)

func TestMain(m *testing.M) { os.Exit(program.Main(m)) }

// contents are the files of a made tree, by path.
type contents map[string]string

// oddNames has names that an option parser, a shell or a line-based list gets wrong, and sizes
// around that of a pipe.
func oddNames() contents {
	c := contents{
		"empty": "", "-": "dash", "--help": "option", "with space": "s", "back\\slash": "b", "new\nline": "n",
		"dir/inner": "i", "dir.txt": "sorts before dir/inner", "dir/deep/er/file": "f", "ümlaut": "u",
		"64K": strings.Repeat("x", 1<<16), "1M and 1": strings.Repeat("y", 1<<20+1),
	}
	for i := range 20 {
		c[fmt.Sprintf("many/%02d", i)] = fmt.Sprint(i)
	}
	return c
}

// write makes the tree and returns its directory.
func (c contents) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range c {
		full := filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o777))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o666))
	}
	return dir
}

// list is what sha256sum would print for the files, in the order of their paths.
func (c contents) list() string {
	var lines []string
	for path, text := range c {
		name := strings.NewReplacer("\\", "\\\\", "\n", "\\n").Replace(path)
		mark := ""
		if name != path {
			mark = "\\"
		}
		lines = append(lines, fmt.Sprintf("%s%x  %s\n", mark, sha256.Sum256([]byte(text)), name))
	}
	byPath := func(a, b string) int {
		return strings.Compare(strings.SplitN(a, "  ", 2)[1], strings.SplitN(b, "  ", 2)[1])
	}
	slices.SortFunc(lines, byPath)
	return strings.Join(lines, "")
}

// digest is the "tree" of the summary.
func (c contents) digest() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(c.list()))) }

// someWorkers is for requireSummary where their number is the program's choice.
const someWorkers = `[1-9]\d*`

// command is program.Command without lines of progress.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return program.Command(t, append([]string{"-every", "1h"}, args...)...)
}

// requireSummary checks a summary; the times in it are anything.
func requireSummary(t *testing.T, text string, c contents, workers, sample string) {
	t.Helper()
	size := 0
	for _, text := range c {
		size += len(text)
	}
	require.Regexp(t, `^files     `+fmt.Sprint(len(c))+`, \d+ failed
bytes     `+fmt.Sprint(size)+`
time      [\d.]+ s
rate      [\d.]+ MB/s
workers   `+workers+`
sample    `+sample+` agree with sha256sum
tree      `+c.digest()+`
$`, text)
}

func TestSumsOfATreeAreListedInOrder(t *testing.T) {
	c := oddNames()
	r := program.Run(t, command(t, "-l", c.write(t)))
	require.Equal(t, c.list(), r.Stdout)
	requireSummary(t, r.Stderr, c, someWorkers, "32")
	require.Zero(t, r.Code)
}

func TestSummaryAndProgressLines(t *testing.T) {
	c := oddNames()
	r := program.Run(t, program.Command(t, "-j", "3", "-every", "1ms", c.write(t)))
	requireSummary(t, r.Stdout, c, "[1-3]", "32")
	require.Regexp(t, `^(treesum: \d+ of 32 files, [\d.]+ MB of 1\.1 MB\n)+$`, r.Stderr)
	require.Zero(t, r.Code)
}

func TestOneWorker(t *testing.T) {
	c := oddNames()
	r := program.Run(t, command(t, "-j", "1", c.write(t)))
	requireSummary(t, r.Stdout, c, "1", "32")
	require.Empty(t, r.Stderr)
	require.Zero(t, r.Code)
}

func TestEmptyTree(t *testing.T) {
	c := contents{}
	r := program.Run(t, command(t, c.write(t)))
	requireSummary(t, r.Stdout, c, "0", "0")
	require.Empty(t, r.Stderr)
	require.Zero(t, r.Code)
}

func TestOnlyRegularFilesAreHashed(t *testing.T) {
	c := contents{"regular": "r"}
	dir := c.write(t)
	require.NoError(t, os.Symlink("regular", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink(".", filepath.Join(dir, "cycle")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o666))
	link := filepath.Join(t.TempDir(), "to the tree")
	require.NoError(t, os.Symlink(dir, link))

	r := program.Run(t, command(t, "-l", link))
	require.Equal(t, c.list(), r.Stdout)
	require.Zero(t, r.Code)
}

func TestWrongCalls(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	missing := filepath.Join(dir, "missing")
	for name, row := range map[string]struct {
		args []string
		want string // on stderr
	}{
		"missing directory":    {[]string{missing}, "^treesum: lstat " + missing + "/: no such file or directory\n$"},
		"not a directory":      {[]string{file}, "^treesum: lstat " + file + "/: not a directory\n$"},
		"two directories":      {[]string{dir, dir}, "^Usage of "},
		"no workers":           {[]string{"-j", "0", dir}, "^Usage of "},
		"no time between":      {[]string{"-every", "0s", dir}, "^Usage of "},
		"flag that is unknown": {[]string{"-x", dir}, "^flag provided but not defined: -x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := program.Run(t, program.Command(t, row.args...))
			require.Regexp(t, row.want, r.Stderr)
			require.Empty(t, r.Stdout)
			require.Equal(t, exitUsage, r.Code)
		})
	}
}

// asNobody has cmd run as a user for whom files can be unreadable, which for root nothing is, and
// opens the way to dir.
func asNobody(t *testing.T, cmd *exec.Cmd, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	require.NoError(t, os.Chmod(dir, 0o755))
	// The testing package has made it for its owner alone.
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
}

func TestUnreadableFilesAreReportedAndTheRestIsHashed(t *testing.T) {
	c := contents{"a": "1", "b": "2", "dir/c": "3"}
	dir := c.write(t)
	secret, locked := filepath.Join(dir, "secret"), filepath.Join(dir, "locked")
	require.NoError(t, os.WriteFile(secret, []byte("s"), 0))
	require.NoError(t, os.Mkdir(locked, 0))
	t.Cleanup(func() { require.NoError(t, os.Chmod(locked, 0o700)) }) // So that it can be deleted.

	cmd := command(t, dir)
	asNobody(t, cmd, dir)
	r := program.Run(t, cmd)
	require.Equal(t, "treesum: open "+locked+": permission denied\ntreesum: "+secret+": permission denied\n", r.Stderr)
	requireSummary(t, r.Stdout, c, someWorkers, "3")
	require.Contains(t, r.Stdout, "files     3, 2 failed\n")
	require.Equal(t, exitFailed, r.Code)
}

func TestUnreadableDirectory(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "locked")
	require.NoError(t, os.Mkdir(locked, 0))
	t.Cleanup(func() { require.NoError(t, os.Chmod(locked, 0o700)) }) // So that it can be deleted.

	cmd := program.Command(t, locked)
	asNobody(t, cmd, dir)
	require.Equal(t,
		program.Result{Stderr: "treesum: open " + locked + "/: permission denied\n", Code: exitUsage},
		program.Run(t, cmd))
}

// commandWithPath is program.Command with programs, and no others, to be found by name: scripts,
// and links to what the tests' own PATH has. GOROOT is not in the environment.
func commandWithPath(t *testing.T, programs map[string]string, args ...string) *exec.Cmd {
	t.Helper()
	dir := t.TempDir()
	for name, script := range programs {
		file := filepath.Join(dir, name)
		if script != "" {
			require.NoError(t, os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o777))
			continue
		}
		target, err := exec.LookPath(name)
		require.NoError(t, err)
		require.NoError(t, os.Symlink(target, file))
	}
	cmd := command(t, args...)
	cmd.Env = append(slices.DeleteFunc(cmd.Env, func(e string) bool { return strings.HasPrefix(e, "GOROOT=") }), "PATH="+dir)
	return cmd
}

func TestDefaultIsTheSourceOfTheGoToolchain(t *testing.T) {
	c := contents{"src/fmt/print.go": "package fmt"}
	root := c.write(t)
	r := program.Run(t, commandWithPath(t, map[string]string{
		"sha256sum": "",
		"go":        `[ "$*" = "env GOROOT" ] && echo '` + root + "'\n",
	}, "-l"))
	require.Equal(t, contents{"fmt/print.go": "package fmt"}.list(), r.Stdout)
	require.Zero(t, r.Code)
}

func TestDefaultWithoutGo(t *testing.T) {
	r := program.Run(t, commandWithPath(t, map[string]string{"sha256sum": ""}))
	require.Equal(t, program.Result{
		Stderr: "treesum: no directory given, and where Go is could not be found: " +
			"spawn go: ENOENT: no such file or directory\n",
		Code: exitUsage,
	}, r)
}

func TestNoSha256sum(t *testing.T) {
	r := program.Run(t, commandWithPath(t, nil, oddNames().write(t)))
	require.Equal(t, program.Result{
		Stderr: "treesum: verification: spawn sha256sum: ENOENT: no such file or directory\n",
		Code:   exitFailed,
	}, r)
}

func TestASha256sumThatFailsIsReported(t *testing.T) {
	for name, row := range map[string]struct{ script, want string }{
		"exit code":    {"exit 3", "command failed: sha256sum -- ./file: exit status 3"},
		"signal":       {"kill -KILL $$", "command failed: sha256sum -- ./file: signal: SIGKILL"},
		"other output": {"echo hello; echo you", "sha256sum printed 2 lines for 1 files"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := contents{"file": "text"}.write(t)
			r := program.Run(t, commandWithPath(t, map[string]string{"sha256sum": row.script}, dir))
			require.Equal(t, program.Result{Stderr: "treesum: verification: " + row.want + "\n", Code: exitFailed}, r)
		})
	}
}

func TestASampleThatDoesNotAgreeIsReported(t *testing.T) {
	dir := contents{"a": "1", "b": "2"}.write(t)
	liar := "shift\nfor f; do printf '%064d  %s\\n' 0 \"$f\"; done\n"
	r := program.Run(t, commandWithPath(t, map[string]string{"sha256sum": liar}, dir))

	var want strings.Builder
	want.WriteString("treesum: verification: ")
	for i, f := range []struct{ name, text string }{{"a", "1"}, {"b", "2"}} {
		if i > 0 {
			want.WriteString("treesum: ")
		}
		fmt.Fprintf(&want, "%s: the sum is %x, by name it is %064d\n",
			filepath.Join(dir, f.name), sha256.Sum256([]byte(f.text)), 0)
	}
	require.Equal(t, program.Result{Stderr: want.String(), Code: exitFailed}, r)
}

func TestFewerWorkersWhenDescriptorsRunOut(t *testing.T) {
	c := oddNames()
	cmd := command(t, "-j", "30", c.write(t))
	cmd.Args = append([]string{"sh", "-c", `ulimit -n 32; exec "$0" "$@"`}, cmd.Args...)
	sh, err := exec.LookPath("sh")
	require.NoError(t, err)
	cmd.Path = sh
	r := program.Run(t, cmd)
	require.Empty(t, r.Stderr)
	requireSummary(t, r.Stdout, c, `\d+`, "32")
	require.Zero(t, r.Code)
}

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("a device that is always full: %v", err)
	}
	defer full.Close()
	cmd := command(t, contents{"file": ""}.write(t))
	cmd.Stdout = full
	r := program.Run(t, cmd)
	require.Contains(t, r.Stderr, "treesum: write /dev/stdout: no space left on device\n")
	require.Equal(t, exitFailed, r.Code)
}

// endless writes a tree of n files that take longer to hash than any test runs, and no space.
func endless(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		f, err := os.Create(filepath.Join(dir, fmt.Sprint(i)))
		require.NoError(t, err)
		require.NoError(t, f.Truncate(1<<40))
		require.NoError(t, f.Close())
	}
	return dir
}

func TestASignalEndsTheWorkersAndTheProgram(t *testing.T) {
	for signal, code := range map[syscall.Signal]int{syscall.SIGINT: 130, syscall.SIGTERM: 143} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd := program.Command(t, "-j", "2", "-every", "5ms", endless(t, 3))
			stderr, err := cmd.StderrPipe()
			require.NoError(t, err)
			program.Start(t, cmd)

			running := regexp.MustCompile(`^treesum: 0 of 3 files, .*[1-9].* of 3298534\.9 MB\n$`)
			text := bufio.NewReader(stderr)
			line := ""
			for !running.MatchString(line) {
				line, err = text.ReadString('\n')
				require.NoError(t, err, "before the workers ran it said %q", line)
			}
			gone := watchWorkers(t, cmd.Process.Pid)
			require.NoError(t, cmd.Process.Signal(signal))

			rest, err := io.ReadAll(text)
			require.NoError(t, err)
			require.ErrorAs(t, cmd.Wait(), new(*exec.ExitError))
			require.Equal(t, code, cmd.ProcessState.ExitCode(), "%s", rest)
			require.Regexp(t, `(^|\n)treesum: stopped by SIG(INT|TERM)\n$`, string(rest))
			gone()
		})
	}
}

func TestTheSummaryIsTheRecordedOne(t *testing.T) {
	_, recorded := program.Recorded(t)
	r := program.Run(t, command(t, oddNames().write(t)))
	require.Equal(t, program.Shape(recorded), program.Shape(r.Stdout))
}
