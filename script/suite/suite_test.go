package main

import (
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == attendWord {
		if err := attend(os.Args[2:]); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if buildDir, err = os.MkdirTemp("", "suite-test"); err != nil {
		log.Fatal(err)
	}
	// Best effort: it is in the system's temporary directory.
	defer func() { _ = os.RemoveAll(buildDir) }()
	return leakcheck.Main(m)
}

// buildDir is where the command is built.
var buildDir string

// brood builds the command, once; BROOD_TEST_PROGRAM names another program to be judged.
func brood(t *testing.T) string {
	t.Helper()
	if other := os.Getenv("BROOD_TEST_PROGRAM"); other != "" {
		return other
	}
	file := filepath.Join(buildDir, "brood")
	if _, err := os.Stat(file); err != nil {
		require.NoError(t, buildBrood(file))
	}
	return file
}

// own judges brood by files of our own tree. It returns the results by file, and the lines that
// tests wrote to a file.
func own(t *testing.T, limit time.Duration, patterns ...string) (results map[string]result, lines []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lines")
	t.Setenv("NODE_TEST_TREE", "testdata/tree")
	t.Setenv("SUITE_LEFT", file)
	t.Setenv("SUITE_ORDER", file)
	all, err := judge(options{program: brood(t), jobs: 2, limit: limit}, patterns, func(result) {})
	require.NoError(t, err)
	results = map[string]result{}
	for _, r := range all {
		results[r.file] = r
	}
	text, err := os.ReadFile(file)
	if !os.IsNotExist(err) {
		require.NoError(t, err)
	}
	return results, strings.Fields(string(text))
}

// long is a limit that no test reaches unless it hangs.
const long = time.Minute

func TestWrongTestsFailAndTheReasonNamesIt(t *testing.T) {
	want := map[string]struct {
		verdict verdict
		reason  string // a regular expression
	}{
		"right-count":     {passed, `^$`},
		"right-error":     {passed, `^$`},
		"right-flags":     {passed, `^$`},
		"right-env":       {passed, `^$`},
		"right-skip":      {skipped, `^there is no such thing$`},
		"wrong-count":     {failed, `^exit status 1: Mismatched function calls: expected 2, actual 1$`},
		"wrong-early":     {failed, `^exit status 1: Mismatched function calls: expected 1, actual 0$`},
		"wrong-notcall":   {failed, `^exit status 1: Error: called all the same$`},
		"wrong-error":     {failed, `^exit status 1: Error: error code is ENOENT, not EACCES$`},
		"wrong-code":      {failed, `^exit status 3$`},
		"wrong-signal":    {failed, `^signal: SIGKILL$`},
		"wrong-syntax":    {failed, `^exit status 1: SyntaxError: .*;`},
		"wrong-rejection": {failed, `^exit status 1: RangeError: nobody catches this$`},
		"wrong-attendant": {failed, `signal: SIGKILL$`},
		"wrong-flags":     {failed, `^exit status 1: ReferenceError: '?gc'? is not defined$`},
	}
	var patterns []string
	for name := range want {
		patterns = append(patterns, "parallel/test-"+name+".js")
	}
	results, _ := own(t, long, patterns...)
	require.Len(t, results, len(want))
	for name, w := range want {
		r := results["parallel/test-"+name+".js"]
		require.Equal(t, w.verdict, r.verdict, "%s: %s", name, r.reason)
		require.Regexp(t, w.reason, r.reason, name)
	}
}

func TestATestThatHangsIsKilledWithAllItsProcesses(t *testing.T) {
	const limit = 2 * time.Second // A script must start a child in this time.
	results, pids := own(t, limit, "parallel/test-wrong-hang.js", "parallel/test-wrong-loop.js")
	require.Len(t, results, 2)
	for name, r := range results {
		require.Equal(t, failed, r.verdict, name)
		require.Regexp(t, `^no end within 2s`, r.reason, name)
	}
	requireGone(t, 1, pids)
}

func TestProcessesThatATestLeavesAreKilled(t *testing.T) {
	results, pids := own(t, long, "parallel/test-right-leaves.js")
	require.Equal(t, passed, results["parallel/test-right-leaves.js"].verdict, results)
	requireGone(t, 2, pids)
}

// requireGone fails if one of the processes exists, or if pids has not n elements.
func requireGone(t *testing.T, n int, pids []string) {
	t.Helper()
	require.Len(t, pids, n)
	for _, text := range pids {
		pid, err := strconv.Atoi(text)
		require.NoError(t, err)
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "process %d", pid)
	}
}

func TestSequentialTestsRunAlone(t *testing.T) {
	results, lines := own(t, long, "*/test-right-count.js", "sequential/*")
	require.Len(t, results, 3)
	require.Contains(t, []string{"aabb", "bbaa"}, strings.Join(lines, ""))
}

func TestTheExitOfTheRunnerKillsATest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fifo")
	require.NoError(t, syscall.Mkfifo(file, 0o600))
	cmd := exec.Command(os.Args[0], attendWord, long.String(), "/bin/sh", "-c", `echo $$ >"$0"; exec sleep 1000`, file)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, stdin.Close())
	require.NoError(t, cmd.Wait())
	requireGone(t, 1, strings.Fields(string(text)))
}

func TestAProgramThatCannotFailIsNotJudged(t *testing.T) {
	for name, row := range map[string]struct{ script, says string }{
		"it passes everything":      {"exit 0", "test-wrong-"},
		"it fails everything":       {"exit 1", "test-right-count.js ends with FAIL exit status 1"},
		"it knows exit codes alone": {`case "$*" in *wrong-code*) exit 3; esac`, "test-wrong-"},
	} {
		t.Run(name, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "program")
			require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\n"+row.script+"\n"), 0o755))
			t.Setenv("NODE_TEST_TREE", "testdata/tree")
			_, err := judge(options{program: program, jobs: 1, limit: long}, []string{"parallel/*"}, func(result) {
				t.Error("a test was judged")
			})
			require.ErrorContains(t, err, row.says)
		})
	}
}

func TestNothingToRunIsAnError(t *testing.T) {
	t.Setenv("NODE_TEST_TREE", "testdata/tree")
	_, err := judge(options{program: "/bin/sh", jobs: 1, limit: long}, []string{"parallel/test-nowhere-*"},
		func(result) {})
	require.ErrorContains(t, err, `matches ["parallel/test-nowhere-*"]`)
	t.Setenv("NODE_TEST_TREE", "")
	_, err = judge(options{}, nil, func(result) {})
	require.ErrorContains(t, err, "NODE_TEST_TREE")
}
