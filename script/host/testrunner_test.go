package host_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// someTests is a script with a test of each kind.
const someTests = `
	const { test, describe, it } = require('node:test');
	test('passes', () => {});
	test('is skipped', { skip: 'why' }, () => {});
	test('is to do', { todo: true }, () => { throw new Error('not yet'); });
	describe('suite', () => { it('one', () => {}); it('two', () => { throw new RangeError('no # good'); }); });
`

var varying = regexp.MustCompile(`(?m)duration_ms:? [\d.]+|time="[\d.]+"|\([\d.]+ms\)|hostname="[^"]*"|^ +at .*\n|^ +<anonymous>.*\n|^ {8}[\w<>]+ \(.*\)\n`)

// reported returns the output of a reporter, without times and stack frames.
func reported(t *testing.T, flags ...string) string {
	t.Helper()
	r := runProgram(t, someTests, flags...)
	require.Equal(t, 1, r.code, r.stderr)
	return varying.ReplaceAllString(r.stdout, "")
}

func TestTheReporterTap(t *testing.T) {
	got := reported(t, "--test-reporter=tap")
	for _, line := range []string{
		"TAP version 13\n# Subtest: passes\nok 1 - passes\n", "ok 2 - is skipped # SKIP why\n",
		"not ok 3 - is to do # TODO\n", "    # Subtest: two\n    not ok 2 - two\n",
		"      error: 'no # good'\n", "      name: 'RangeError'\n", "    1..2\nnot ok 4 - suite\n",
		"1..4\n# tests 5\n# suites 1\n# pass 2\n# fail 1\n",
	} {
		require.Contains(t, got, line)
	}
}

func TestTheReporterDot(t *testing.T) {
	require.True(t, strings.HasPrefix(reported(t, "--test-reporter=dot"), "..X.XX\n\nFailed tests:\n"))
}

func TestTheReporterJUnit(t *testing.T) {
	got := reported(t, "--test-reporter=junit")
	for _, line := range []string{
		`<skipped type="skipped" message="why"/>`,
		`<testsuite name="suite"  disabled="0" errors="0" tests="2" failures="1" skipped="0" >`,
		`<failure type="testCodeFailure" message="no # good">`, "<!-- fail 1 -->",
	} {
		require.Contains(t, got, line)
	}
}

func TestReportersWriteToTheirDestinations(t *testing.T) {
	file := t.TempDir() + "/report"
	r := runProgram(t,
		someTests+`process.on('exit', () => console.log('wrote', require('fs').statSync('`+file+`').size > 0));`,
		"--test-reporter=dot", "--test-reporter-destination="+file)
	require.Equal(t, "wrote true", r.stdout)
	r = runProgram(t, someTests, "--test-reporter=dot", "--test-reporter=tap")
	require.Contains(t, r.stderr, "must match the number of specified '--test-reporter-destination'")
}

func TestTestsAreChosenByTheirNames(t *testing.T) {
	require.Contains(t, reported(t, "--test-reporter=tap", "--test-name-pattern=suite two"),
		"1..1\n# tests 1\n# suites 1\n# pass 0\n# fail 1\n")
	require.Contains(t, reported(t, "--test-reporter=tap", "--test-skip-pattern=/^(passes|is )/"), "1..1\n# tests 2\n")
	r := runProgram(t, someTests+`test.only('alone', () => {});`, "--test-reporter=tap", "--test-only")
	require.Contains(t, r.stdout, "ok 1 - alone\n")
	require.Contains(t, r.stdout, "1..1\n# tests 1\n")
	require.Equal(t, 0, r.code)
}

func TestATestTakesNoLongerThanItsFlagSays(t *testing.T) {
	r := runProgram(t, `require('node:test')('hangs', () => new Promise((resolve) => setTimeout(resolve, 1e6).unref()))`,
		"--test-timeout=20", "--test-reporter=tap")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stdout, "error: 'test timed out after 20ms'")
}
