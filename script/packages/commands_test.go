package packages_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func testdata(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return b
}

// The packages that $ resembles run commands as they do in Node.
func TestPackagesThatRunCommandsDo(t *testing.T) {
	for _, name := range []string{"zx", "execa"} {
		t.Run(name, func(t *testing.T) {
			got := runScript(t, name+".mjs", testdata(t, name+".mjs"))
			require.Equal(t, strings.Split(string(testdata(t, name+".want")), "\n"), strings.Split(got, "\n"))
		})
	}
}

func TestTheCommandOfZxRuns(t *testing.T) {
	got := runScript(t, "bin.mjs", testdata(t, "bin.mjs"), "node_modules/zx/build/cli.js", "bin.mjs", "a", "b")
	require.Equal(t, "a b function function function\n", got)
}
