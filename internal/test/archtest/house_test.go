package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longestFile is the number of lines past which a file holds a second thing.
const longestFile = 500

const bsdConstraint = "//go:build darwin || dragonfly || freebsd || netbsd || openbsd"

// vagueNames are names of packages that do not tell their purpose.
var vagueNames = []string{"common", "errors", "helpers", "types", "util", "utils"}

// unsafeFile matches the names of the files that may import unsafe: x_unsafe.go, x_unsafe_linux.go
// and their tests.
var unsafeFile = regexp.MustCompile(`_unsafe(_[a-z0-9]+)?(_test)?\.go$`)

// houseRules each return a sentence for a fault of a file.
var houseRules = []struct {
	name  string
	check func(f sourceFile) []string
}{
	{"PlatformDifferencesAreFiles", asksForGOOS},
	{"BuildConstraintFitsTheName", misnamedForPlatform},
	{"UnsafeIsInFilesNamedForIt", hiddenUnsafe},
	{"PackagesAreNamedForWhatTheyAre", vaguePackage},
	{"FilesStayShort", tooLong},
	{"EverythingExportedHasADocComment", undocumented},
}

func asksForGOOS(f sourceFile) []string {
	var found []string
	if !f.library() {
		return nil
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "GOOS" {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "runtime" {
				found = append(found, fmt.Sprintf("line %d asks for runtime.GOOS: make it a file for each platform", f.line(s.Pos())))
			}
		}
		return true
	})
	return found
}

func misnamedForPlatform(f sourceFile) []string {
	name := strings.TrimSuffix(strings.TrimSuffix(f.base(), ".go"), "_test")
	switch {
	case strings.HasSuffix(name, "_bsd"):
		if f.constraint() != bsdConstraint {
			return []string{"a _bsd file has the line " + bsdConstraint}
		}
	case strings.HasSuffix(name, "_unix"), strings.HasSuffix(name, "_other"):
		if f.constraint() == "" {
			return []string{"the name is no build constraint for Go: the file needs a //go:build line"}
		}
	}
	return nil
}

func hiddenUnsafe(f sourceFile) []string {
	for _, spec := range f.ast.Imports {
		if spec.Path.Value == `"unsafe"` && !unsafeFile.MatchString(f.base()) {
			return []string{"it imports unsafe, which only files named *_unsafe.go or *_unsafe_<system>.go do"}
		}
	}
	return nil
}

func vaguePackage(f sourceFile) []string {
	if name := strings.TrimSuffix(f.ast.Name.Name, "_test"); slices.Contains(vagueNames, name) {
		return []string{fmt.Sprintf("the package name %s says nothing", name)}
	}
	return nil
}

func tooLong(f sourceFile) []string {
	if lines := bytes.Count(f.text, []byte("\n")); lines > longestFile && !f.test() {
		return []string{fmt.Sprintf("%d lines, more than %d: which second thing moved in?", lines, longestFile)}
	}
	return nil
}

func (f sourceFile) line(pos token.Pos) int { return f.fset.Position(pos).Line }

func TestHouseRules(t *testing.T) {
	files := sourceFiles(t)
	for _, rule := range houseRules {
		t.Run(rule.name, func(t *testing.T) {
			var found []string
			for _, f := range files {
				for _, text := range rule.check(f) {
					found = append(found, f.path+": "+text)
				}
			}
			require.Empty(t, strings.Join(found, "\n"))
		})
	}
}

func TestEveryLibraryPackageHasAPackageComment(t *testing.T) {
	commented := map[string]bool{}
	for _, f := range sourceFiles(t) {
		if f.library() {
			commented[f.ast.Name.Name] = commented[f.ast.Name.Name] || f.ast.Doc != nil
		}
	}
	require.NotEmpty(t, commented)
	for name, ok := range commented {
		require.True(t, ok, "package %s", name)
	}
}

func TestTheHouseRulesFindWhatTheyForbid(t *testing.T) {
	const bsd = bsdConstraint + "\n\n"
	for _, c := range []struct {
		name, path, text string
		check            func(f sourceFile) []string
		want             int
	}{
		{"GOOS", "reactor/a.go", "package reactor\nvar _ = runtime.GOOS\nvar _ = runtime.GOOS", asksForGOOS, 2},
		{"GOOS in a comment", "reactor/a.go", "package reactor // runtime.GOOS", asksForGOOS, 0},
		{"GOOS in a test", "reactor/a_test.go", "package reactor\nvar _ = runtime.GOOS", asksForGOOS, 0},
		{"GOOS outside the library", "examples/a/a.go", "package main\nvar _ = runtime.GOOS", asksForGOOS, 0},
		{"bsd", "reactor/a_bsd.go", bsd + "package reactor", misnamedForPlatform, 0},
		{"bsd test", "reactor/a_bsd_test.go", bsd + "package reactor", misnamedForPlatform, 0},
		{"bsd without a line", "reactor/a_bsd.go", "package reactor", misnamedForPlatform, 1},
		{"bsd with another line", "reactor/a_bsd.go", "//go:build freebsd\n\npackage reactor", misnamedForPlatform, 1},
		{"unix without a line", "reactor/a_unix.go", "package reactor", misnamedForPlatform, 1},
		{"unix with a late line", "reactor/a_unix.go", "package reactor\n\n//go:build unix", misnamedForPlatform, 1},
		{"unix with a line", "reactor/a_unix.go", "//go:build unix\n\npackage reactor", misnamedForPlatform, 0},
		{"other without a line", "reactor/a_other.go", "package reactor", misnamedForPlatform, 1},
		{"unsafe", "reactor/a.go", "package reactor\nimport \"unsafe\"", hiddenUnsafe, 1},
		{"named unsafe", "reactor/a_unsafe.go", "package reactor\nimport \"unsafe\"", hiddenUnsafe, 0},
		{"named unsafe with system", "reactor/a_unsafe_bsd.go", "package reactor\nimport \"unsafe\"", hiddenUnsafe, 0},
		{"vague", "internal/util/a.go", "package util", vaguePackage, 1},
		{"vague test", "internal/util/a_test.go", "package util_test", vaguePackage, 1},
		{"500 lines", "reactor/a.go", "package reactor" + strings.Repeat("\n", 500), tooLong, 0},
		{"501 lines", "reactor/a.go", "package reactor" + strings.Repeat("\n", 501), tooLong, 1},
		{"501 lines of tests", "reactor/a_test.go", "package reactor" + strings.Repeat("\n", 501), tooLong, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Len(t, c.check(parse(t, c.path, []byte(c.text))), c.want)
		})
	}
}
