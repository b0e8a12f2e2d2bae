package signals_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/sandbox"
)

// Every SIG constant that golang.org/x/sys/unix has for a system must be in that system's tables,
// under its own name and before its aliases. The test reads the source, so that it checks all
// systems wherever it runs.
func TestTablesNameEverySignalConstantOfTheirSystem(t *testing.T) {
	sandbox.Need(t, "eventfd2") // The go command cannot do without.
	constantsDir := goTool(t, "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix")
	ours := map[string]bool{"linux": true, "darwin": true, "freebsd": true, "netbsd": true, "openbsd": true, "dragonfly": true}
	checked := map[string]bool{}
	for platform := range strings.FieldsSeq(goTool(t, "tool", "dist", "list")) {
		system, arch, _ := strings.Cut(platform, "/")
		if !ours[system] {
			continue
		}
		checked[system] = true
		t.Run(system+"_"+arch, func(t *testing.T) {
			constants := map[string]int{}
			for _, file := range sources(t, constantsDir, "zerrors_*.go", system, arch) {
				addSignalConstants(t, constants, file)
			}
			require.NotEmpty(t, constants)

			tables := map[string][]tableEntry{}
			for _, file := range sources(t, ".", "table_*.go", system, arch) {
				addTables(t, tables, file)
			}
			requireComplete(t, slices.Concat(tables["common"], tables["extra"]), constants)
		})
	}
	require.Equal(t, ours, checked)
}

// tableEntry is a row {unix.SIGABRT, "SIGIOT"}: the constant and the name.
type tableEntry struct{ constant, name string }

func requireComplete(t *testing.T, table []tableEntry, constants map[string]int) {
	t.Helper()
	byName := map[string]int{}
	named := map[int]bool{}
	for _, entry := range table {
		number, ok := constants[entry.constant]
		require.True(t, ok, "no constant %s", entry.constant)
		require.NotContains(t, byName, entry.name, "named twice")
		byName[entry.name] = number
		if !named[number] {
			require.Equal(t, entry.constant, entry.name, "the first name of %d is an alias", number)
			require.NotContains(t, []string{"SIGIOT", "SIGCLD", "SIGPOLL", "SIGLWP"}, entry.name, "an alias comes first")
			named[number] = true
		}
	}
	for name, number := range constants {
		got, ok := byName[name]
		require.True(t, ok, "%s is missing", name)
		require.Equal(t, number, got, name)
	}
	for number := 1; number <= 31; number++ { // all systems have these, and no gap among them
		require.True(t, named[number], "signal %d has no name", number)
	}
}

// sources parses the files of dir that match pattern and are built for the platform.
func sources(t *testing.T, dir, pattern, system, arch string) []*ast.File {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	platform := build.Default
	platform.GOOS, platform.GOARCH, platform.CgoEnabled = system, arch, false
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		built, err := platform.MatchFile(dir, filepath.Base(path))
		require.NoError(t, err)
		if !built {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	require.NotEmpty(t, files, "%s in %s", pattern, dir)
	return files
}

// addSignalConstants adds each constant declared as SIGX = syscall.Signal(0xn).
func addSignalConstants(t *testing.T, constants map[string]int, file *ast.File) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "SIG") {
			return true
		}
		if conversion, ok := spec.Values[0].(*ast.CallExpr); ok {
			literal, ok := conversion.Args[0].(*ast.BasicLit)
			require.True(t, ok, "%s is no literal", spec.Names[0].Name)
			number, err := strconv.ParseInt(literal.Value, 0, 32)
			require.NoError(t, err)
			constants[spec.Names[0].Name] = int(number)
		}
		return false
	})
}

// addTables adds the rows of each variable declared as x = []named{…}, under the name of the
// variable.
func addTables(t *testing.T, tables map[string][]tableEntry, file *ast.File) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if table, ok := spec.Values[0].(*ast.CompositeLit); ok {
			for _, row := range table.Elts {
				tables[spec.Names[0].Name] = append(tables[spec.Names[0].Name], readRow(t, row))
			}
		}
		return false
	})
}

func readRow(t *testing.T, row ast.Expr) tableEntry {
	t.Helper()
	cells, ok := row.(*ast.CompositeLit)
	require.True(t, ok)
	require.Len(t, cells.Elts, 2)
	constant, ok := cells.Elts[0].(*ast.SelectorExpr)
	require.True(t, ok, "the number is not a constant of unix")
	literal, ok := cells.Elts[1].(*ast.BasicLit)
	require.True(t, ok, "the name of %s is no literal", constant.Sel.Name)
	name, err := strconv.Unquote(literal.Value)
	require.NoError(t, err)
	return tableEntry{constant: constant.Sel.Name, name: name}
}

func goTool(t *testing.T, args ...string) string {
	t.Helper()
	path, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("no go command to ask for sources and platforms: %v", err)
	}
	out, err := exec.Command(path, args...).Output()
	require.NoError(t, err, "go %v", args)
	return strings.TrimSpace(string(out))
}
