package conformance

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// exempt is the folder of this package, whose tests are full of IDs that name nothing.
const exempt = "internal/test/conformance"

// fleet is a nested module that has behaviours of its own.
const fleet = "fleet"

var (
	// testPrefix begins what go test runs.
	testPrefix = regexp.MustCompile(`^(Test|Fuzz|Example)`)
	// idRun is what may stand before a word of a name. More digits than there are in an ID are a mistake worth telling.
	idRun = regexp.MustCompile(`^(?:[NSW][0-9]{3,})+`)
	// idsAndWords is the name of a subtest: IDs with spaces, commas or underscores between, then words.
	idsAndWords = regexp.MustCompile(`^((?:[NSW][0-9]{3,}[ ,_]*)+) `)
	oneID       = regexp.MustCompile(`[NSW][0-9]{3,}`)
)

// Tests returns the tests below the root of the module that name behaviours, whatever system they are for. Nested
// modules but fleet, hidden folders and testdata are left out.
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
		case strings.HasSuffix(name, "_test.go"):
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
	return err == nil && dir != fleet || strings.HasPrefix(base, ".") || base == "testdata" || dir == exempt
}

// testsOf returns the tests and subtests of one file that name behaviours.
func testsOf(file string, text []byte) ([]Test, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var tests []Test
	for _, decl := range parsed.Decls {
		parent := "" // of subtests; those of a table outside a function have none that can be told
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && testPrefix.MatchString(fn.Name.Name) {
			parent = fn.Name.Name + "/"
			if ids := functionIDs(fn.Name.Name); len(ids) > 0 {
				tests = append(tests, Test{ids, fn.Name.Name, file})
			}
		}
		for _, name := range subtestNames(decl) {
			tests = append(tests, Test{oneID.FindAllString(idsAndWords.FindString(name), -1), parent + name, file})
		}
	}
	return tests, nil
}

// functionIDs returns the IDs that begin a word of a test's name: words are what underscores separate.
func functionIDs(name string) []string {
	var ids []string
	for word := range strings.SplitSeq(testPrefix.ReplaceAllString(name, ""), "_") {
		ids = append(ids, oneID.FindAllString(idRun.FindString(word), -1)...)
	}
	return ids
}

// subtestNames returns the texts below n that begin with IDs and stand where the name of a subtest does: as the first
// argument of Run, or as element or key of a table.
func subtestNames(n ast.Node) []string {
	var names []string
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil && idsAndWords.MatchString(text) {
				names = append(names, text)
			}
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.SelectorExpr); ok && fn.Sel.Name == "Run" && len(n.Args) > 0 {
				add(n.Args[0])
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok {
					add(pair.Key)
					e = pair.Value
				}
				add(e)
			}
		}
		return true
	})
	return names
}
