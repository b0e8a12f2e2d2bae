package program

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// console matches the block of a README that has a run of the example: a command and its output.
var console = regexp.MustCompile("(?s)```console\n\\$ ([^\n]*)\n(.*?)```")

// Recorded returns the run that the example's README has recorded: its first command line, and the
// output up to the next command line.
func Recorded(t testing.TB) (command, output string) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	m := console.FindStringSubmatch(string(text))
	require.NotNil(t, m, "README.md has no block ```console that begins with a command")
	output, _, _ = strings.Cut(m[2], "\n$ ")
	return m[1], strings.TrimSuffix(output, "\n") + "\n"
}

// sums and numbers match the parts of an output that differ from run to run.
var (
	sums    = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	numbers = regexp.MustCompile(`[0-9]+([.:,][0-9]+)*([mµ]?s\b)?`) // Times change their unit, too.
)

// Shape returns text with a sign in place of each number and each sum, so that it is the same for
// each run.
func Shape(text string) string {
	return numbers.ReplaceAllString(sums.ReplaceAllString(text, "#"), "0")
}
