package conformance

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// directive begins the line in the comment of a test that names the behaviours that the test
// checks.
const directive = "//brood:checks"

// fleet is a nested module that has behaviours of its own.
const fleet = "fleet"

// testPrefix begins the names of the functions that go test runs.
var testPrefix = regexp.MustCompile(`^(Test|Fuzz|Example)`)

// Tests returns the tests below the root of the module that name behaviours, whatever system they
// are for. Nested modules but fleet, hidden folders and testdata are left out. A directive that
// stands above no test is an error.
func Tests(root fs.FS) ([]Test, error) {
	var tests []Test
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			if foreign(root, name) {
				return fs.SkipDir
			}
		case strings.HasSuffix(name, ".go"):
			text, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			found, err := testsOf(name, text)
			if err != nil {
				return err
			}
			tests = append(tests, found...)
		}
		return nil
	})
	return tests, err
}

func foreign(root fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	_, err := fs.Stat(root, path.Join(dir, "go.mod"))
	base := path.Base(dir)
	return err == nil && dir != fleet || strings.HasPrefix(base, ".") || base == "testdata"
}

// testsOf returns the tests of one file that name behaviours.
func testsOf(file string, text []byte) ([]Test, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, file, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tests []Test
	above := map[*ast.CommentGroup]bool{} // comments of tests
	for _, decl := range parsed.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Recv != nil || !testPrefix.MatchString(fn.Name.Name) || !strings.HasSuffix(file, "_test.go") {
			continue
		}
		above[fn.Doc] = true
		if ids := checks(fn.Doc); len(ids) > 0 {
			tests = append(tests, Test{ids, fn.Name.Name, file})
		}
	}
	for _, comment := range parsed.Comments {
		if len(checks(comment)) > 0 && !above[comment] {
			return nil, fmt.Errorf("%s: %s stands above no test", files.Position(comment.Pos()), directive)
		}
	}
	return tests, nil
}

// checks returns the words of the directives in comment.
func checks(comment *ast.CommentGroup) []string {
	if comment == nil {
		return nil
	}
	var ids []string
	for _, line := range comment.List {
		if rest, ok := strings.CutPrefix(line.Text, directive+" "); ok {
			ids = append(ids, strings.Fields(rest)...)
		}
	}
	return ids
}
