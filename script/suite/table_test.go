package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheTableHasARowForEachFamily(t *testing.T) {
	dir := t.TempDir()
	one, other := filepath.Join(dir, "one.csv"), filepath.Join(dir, "other.csv")
	require.NoError(t, writeResults(one, []result{
		{program: "brood", family: "net", file: "parallel/test-net-a.js", verdict: passed},
		{program: "brood", family: "net", file: "parallel/test-net-b.js", verdict: failed, reason: `exit status 1: "a", b`},
		{program: "brood", family: "path", file: "parallel/test-path.js", verdict: skipped, reason: "none"},
	}))
	require.NoError(t, writeResults(other, []result{{program: "node", family: "net", file: "parallel/test-net-a.js",
		verdict: passed}}))
	var b strings.Builder
	require.NoError(t, printTable(&b, []string{one, other}))
	require.Equal(t, `| family | tests | brood | node |
|---|---|---|---|
| path | 1 | 1 (1) |  |
| net | 2 | 1 | 1 |
| all | 3 | 2 (1) | 1 |
`, b.String())

	all, err := readResults(one)
	require.NoError(t, err)
	require.Equal(t, `exit status 1: "a", b`, all[1].reason)
	require.Equal(t, "2 of 3 passed, 1 of them skipped themselves", countOf(all).String())
	require.ErrorContains(t, printTable(&b, nil), "no file of results")
}

func TestProgramsAreCalledAsTheirOwnRunnersCallThem(t *testing.T) {
	plain := &test{tree: "/t", name: "parallel/test-a.js", flags: []string{"--expose-gc", "--no-warnings"},
		env: []string{"A=1"}}
	nodeTest := &test{tree: "/t", name: "parallel/test-b.mjs", usesNodeTest: true}
	for name, row := range map[string]struct {
		program   program
		test      *test
		args, env string
	}{
		"brood": {program{name: "brood"}, plain, "--expose-gc --no-warnings /t/parallel/test-a.js", "A=1"},
		"arguments": {program{name: "node", args: []string{"--jitless"}}, nodeTest,
			"--jitless /t/parallel/test-b.mjs", ""},
		"deno":                {program{name: "deno"}, plain, "run -A --quiet --unstable-detect-cjs --unstable-bare-node-builtins --unstable-unsafe-proto --v8-flags=--expose-gc /t/parallel/test-a.js", "A=1 NODE_TEST_KNOWN_GLOBALS=0 NODE_SKIP_FLAG_CHECK=1 NO_COLOR=1 NODE_OPTIONS=--no-warnings"},
		"deno with node:test": {program{name: "deno"}, nodeTest, "test --no-check -A --quiet --unstable-detect-cjs --unstable-bare-node-builtins --unstable-unsafe-proto /t/parallel/test-b.mjs", "NODE_TEST_KNOWN_GLOBALS=0 NODE_SKIP_FLAG_CHECK=1 NO_COLOR=1 NODE_OPTIONS="},
		"bun": {program{name: "bun"}, plain, "run --expose-gc /t/parallel/test-a.js",
			"A=1 NODE_TEST_KNOWN_GLOBALS=0 NODE_SKIP_FLAG_CHECK=1 NO_COLOR=1"},
		"bun with node:test": {program{name: "bun"}, nodeTest, "test /t/parallel/test-b.mjs",
			"NODE_TEST_KNOWN_GLOBALS=0 NODE_SKIP_FLAG_CHECK=1 NO_COLOR=1"},
	} {
		t.Run(name, func(t *testing.T) {
			args, env := row.program.command(row.test)
			require.Equal(t, row.args, strings.Join(args, " "))
			require.Equal(t, row.env, strings.Join(env, " "))
		})
	}
}

func TestTheHeadOfAFileIsRead(t *testing.T) {
	tests, err := findTests("testdata/tree", []string{"parallel/test-right-*.js"})
	require.NoError(t, err)
	flags, env := map[string][]string{}, map[string][]string{}
	for _, one := range tests {
		name := strings.TrimPrefix(one.name, "parallel/test-right-")
		flags[name], env[name] = one.flags, one.env
	}
	require.Equal(t, []string{"--expose-gc"}, flags["flags.js"])
	require.Nil(t, flags["count.js"])
	require.Equal(t, []string{"SUITE_OWN=told"}, env["env.js"])
}
