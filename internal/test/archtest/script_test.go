package archtest

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scriptLower says of each package of the script host, which is a module of its own, on which
// packages of this repository it may depend. Those that are not the host's do not know that there
// is one: the engine knows no loop, and what is a matter of texts knows no engine.
var scriptLower = map[string][]string{
	"engine":      {},
	"callsource":  {},
	"cjsnames":    {},
	"dotenv":      {},
	"http1":       {},
	"nodecrypto":  {},
	"nodezlib":    {},
	"shelltext":   {},
	"nodepath":    {},
	"resolve":     {},
	"typescript":  {},
	"nodetext":    {"streams"},
	"nodeurl":     {"script/nodetext", "streams"},
	"lib":         {"script/engine"},
	"lib/compile": {"script/lib"},
	"suite":       {"childprocess", "reactor"},
	"cmd/brood":   {"reactor", "signals", "script/host"},
}

// scriptHost is the package that puts the others together, and may depend on all of them.
const scriptHost = "host"

func TestImportsOfTheScriptHostPointDown(t *testing.T) {
	seen := 0
	for _, f := range sourceFiles(t) {
		name, ours := strings.CutPrefix(filepath.ToSlash(filepath.Dir(f.path)), "script/")
		if !ours || f.test() {
			continue
		}
		seen++
		allowed, known := scriptLower[name]
		require.True(t, known || name == scriptHost, "package script/%s has no place in the import order", name)
		for _, spec := range f.ast.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err, "%s", f.path)
			other, ours := strings.CutPrefix(path, module+"/")
			switch {
			case !ours:
			case name == scriptHost:
				require.NotContains(t, []string{"script/suite", "script/cmd/brood", "script/lib/compile"}, other, "%s", f.path)
			default:
				require.True(t, slices.Contains(allowed, other), "%s: script/%s does not know %s", f.path, name, other)
			}
		}
	}
	require.Positive(t, seen)
}
