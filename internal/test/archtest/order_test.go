package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// module is the path that begins every import path of ours.
const module = "github.com/brood-go/brood"

// lower says of each library package which others it may depend on: those below it. An internal
// package that is listed has its place in the order like the others; one that is not may depend on
// whatever those that import it may.
var lower = map[string][]string{
	"events":           {},
	"internal/fd":      {},
	"internal/process": {"internal/fd"},
	"internal/pty":     {"internal/fd"},
	"reactor":          {"events", "internal/fd"},
	"streams":          {"events", "internal/fd", "reactor"},
	"signals":          {"events", "internal/fd", "reactor"},
	"ipc/v8":           {},
	"ipc/socketlist":   {"events", "internal/fd", "reactor"},
	"ipc":              {"events", "internal/fd", "reactor", "streams", "signals", "ipc/v8", "ipc/socketlist"},
	"childprocess":     {"events", "internal/fd", "internal/process", "internal/pty", "reactor", "streams", "signals", "ipc", "ipc/v8", "ipc/socketlist"},
	"pool":             {"events", "internal/fd", "internal/process", "internal/pty", "reactor", "streams", "signals", "ipc", "ipc/v8", "ipc/socketlist", "childprocess"},
	"cluster":          {"events", "internal/fd", "internal/process", "internal/pty", "reactor", "streams", "signals", "ipc", "ipc/v8", "ipc/socketlist", "childprocess"},
}

// thirdParty are the packages that the library may depend on besides the standard library and
// itself.
var thirdParty = []string{"golang.org/x/sys/unix"}

// confined has the dependencies that only one of our packages may have: the rest of the library
// does not know them.
var confined = map[string]string{
	"github.com/go-json-experiment/json":          "internal/nodejson",
	"github.com/go-json-experiment/json/jsontext": "internal/nodejson",
	"github.com/go-json-experiment/json/v1":       "internal/nodejson",
}

// testSupport must not end up in a program.
var testSupport = []string{
	"internal/test/archtest", "internal/test/conformance", "internal/test/fdtest", "internal/test/helperproc", "internal/test/journal",
	"internal/test/leakcheck", "internal/test/looptest", "internal/test/sandbox",
}

// outsideOrder are the folders whose packages are no library packages unless lower lists them.
var outsideOrder = []string{"examples", "internal"}

// graph maps the import path of a package to its imports. It has every package that ours depend on
// outside their tests.
type graph map[string]goPackage

// violations returns a sentence for each rule of the import order that g breaks.
func violations(g graph) []string {
	var found []string
	for path := range g {
		name, ours := strings.CutPrefix(path, module+"/")
		top, _, _ := strings.Cut(name, "/")
		_, known := lower[name]
		if !ours || !known && slices.Contains(outsideOrder, top) {
			continue
		}
		if !known {
			found = append(found, fmt.Sprintf("package %s has no place in the import order", name))
			continue
		}
		found = append(found, violationsFrom(g, name)...)
	}
	slices.Sort(found)
	return found
}

// violationsFrom follows the imports of the library package called name breadth first, so that it
// reports the shortest way to each forbidden package.
func violationsFrom(g graph, name string) []string {
	var found []string
	start := module + "/" + name
	parent := map[string]string{start: ""}
	for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
		for _, path := range g[queue[0]].Imports {
			if _, seen := parent[path]; seen || g[path].Standard {
				continue
			}
			if only, ok := confined[path]; ok && queue[0] == module+"/"+only {
				continue
			}
			parent[path] = queue[0]
			if reason := reasonAgainst(name, path); reason != "" {
				found = append(found, fmt.Sprintf("%s: %s", chain(parent, path), reason))
				continue // What lies behind is a consequence.
			}
			if !slices.Contains(thirdParty, path) {
				queue = append(queue, path)
			}
		}
	}
	return found
}

// reasonAgainst says why the library package called name must not depend on path, "" if it may.
func reasonAgainst(name, path string) string {
	other, ours := strings.CutPrefix(path, module+"/")
	_, library := lower[other]
	switch {
	case path == "C":
		return "library packages do without cgo"
	case !ours && !slices.Contains(thirdParty, path):
		return fmt.Sprintf("library packages depend on the standard library and %s only", strings.Join(thirdParty, ", "))
	case slices.Contains(testSupport, other):
		return other + " is for tests only"
	case library && slices.Contains(lower[other], name):
		return fmt.Sprintf("imports point down, and %s is above %s", other, name)
	case library && !slices.Contains(lower[name], other):
		return fmt.Sprintf("%s and %s do not know each other", name, other)
	case ours && !library && !strings.HasPrefix(other, "internal/"):
		return other + " is no library package"
	}
	return ""
}

func chain(parent map[string]string, path string) string {
	way := strings.TrimPrefix(path, module+"/")
	for path = parent[path]; path != ""; path = parent[path] {
		way = strings.TrimPrefix(path, module+"/") + " → " + way
	}
	return way
}

func TestImportsPointDown(t *testing.T) {
	// Each system compiles other files, so each has a graph of its own.
	for _, goos := range systems {
		t.Run(goos, func(t *testing.T) {
			g := graph{}
			for _, p := range goList(t, goos, "-deps") {
				g[p.ImportPath] = p
			}
			require.Contains(t, g, module+"/events")
			require.Empty(t, strings.Join(violations(g), "\n"))
		})
	}
}

func TestTheImportCheckGivesTheReason(t *testing.T) {
	const unix, other, json = "golang.org/x/sys/unix", "example.com/other", "github.com/go-json-experiment/json"
	for _, c := range []struct {
		name    string
		imports map[string][]string
		want    []string
	}{
		{"what is allowed", map[string][]string{
			"childprocess": {"ipc", "events", unix, "fmt", "internal/x"},
			"ipc":          {"streams", "signals", "internal/fd", "internal/nodejson"},
			"internal/fd":  {unix},
			"internal/x":   {"events"},
			"examples/a":   {"childprocess", other},

			"internal/nodejson": {json, json + "/jsontext"},
		}, nil},
		{"up", map[string][]string{"events": {"reactor"}},
			[]string{"events → reactor: imports point down, and reactor is above events"}},
		{"sideways", map[string][]string{"streams": {"signals"}},
			[]string{"streams → signals: streams and signals do not know each other"}},
		{"up from an internal package that is listed", map[string][]string{"internal/fd": {"events", "ipc"}}, []string{
			"internal/fd → events: internal/fd and events do not know each other",
			"internal/fd → ipc: imports point down, and ipc is above internal/fd",
		}},
		{"an internal package that is listed", map[string][]string{"ipc/v8": {"internal/fd"}},
			[]string{"ipc/v8 → internal/fd: ipc/v8 and internal/fd do not know each other"}},
		{"up through an internal package", map[string][]string{"reactor": {"internal/x"}, "internal/x": {"ipc"}},
			[]string{"reactor → internal/x → ipc: imports point down, and ipc is above reactor"}},
		{"third party", map[string][]string{"ipc": {other}},
			[]string{"ipc → example.com/other: library packages depend on the standard library and golang.org/x/sys/unix only"}},
		{"third party that is confined", map[string][]string{"ipc": {"internal/nodejson", json}, "internal/nodejson": {json}},
			[]string{"ipc → " + json + ": library packages depend on the standard library and golang.org/x/sys/unix only"}},
		{"cgo", map[string][]string{"ipc": {"C"}}, []string{"ipc → C: library packages do without cgo"}},
		{"test support", map[string][]string{"reactor": {"internal/test/leakcheck"}},
			[]string{"reactor → internal/test/leakcheck: internal/test/leakcheck is for tests only"}},
		{"an example", map[string][]string{"reactor": {"examples/a"}},
			[]string{"reactor → examples/a: examples/a is no library package"}},
		{"unknown package", map[string][]string{"misc": nil}, []string{"package misc has no place in the import order"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := graph{"fmt": {ImportPath: "fmt", Standard: true}}
			for name, imports := range c.imports {
				p := goPackage{ImportPath: module + "/" + name}
				for _, path := range imports {
					if _, library := lower[path]; library || strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "examples/") {
						path = module + "/" + path
					}
					p.Imports = append(p.Imports, path)
				}
				g[p.ImportPath] = p
			}
			require.Equal(t, c.want, violations(g))
		})
	}
}
