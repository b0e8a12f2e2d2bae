package archtest

import (
	"bytes"
	"flag"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var updateAPI = flag.Bool("update-api", false, "rewrite api/")

// apiFolder has a file for each package that users import, with all that it exports. A change of
// what users can depend on is then a change of a file that a reviewer sees.
const apiFolder = "api"

// nestedAPI are the packages of nested modules that users import.
var nestedAPI = []string{"fleet", "script/engine", "script/host"}

func TestWhatIsExportedIsWhatTheListsSay(t *testing.T) {
	packages := map[string][]string{}
	for _, f := range sourceFiles(t) {
		dir := path.Dir(f.path)
		public := f.library() && !strings.HasPrefix(dir, "internal/") ||
			slices.Contains(nestedAPI, dir) && !f.test()
		if public {
			packages[dir] = append(packages[dir], exported(t, f)...)
		}
	}
	require.Contains(t, packages, "childprocess")
	for _, dir := range nestedAPI {
		require.Contains(t, packages, dir)
	}
	var files []string
	for dir, decls := range packages {
		slices.Sort(decls)
		list := strings.Join(slices.Compact(decls), "\n") + "\n"
		name := strings.ReplaceAll(dir, "/", ".") + ".txt"
		files = append(files, name)
		file := filepath.Join(root, apiFolder, name)
		if *updateAPI {
			require.NoError(t, os.WriteFile(file, []byte(list), 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), list, "the API of %s has changed: if that is meant, run "+
			"go test ./internal/test/archtest -update-api, and say it in CHANGELOG.md", dir)
	}
	entries, err := os.ReadDir(filepath.Join(root, apiFolder))
	require.NoError(t, err)
	for _, e := range entries {
		require.Contains(t, files, e.Name(), "a list of no package")
	}
}

// alignment is what gofmt puts between the columns of a declaration. It depends on
// the comments.
var alignment = regexp.MustCompile(`(\S) +`)

// exported returns the declarations of f that users see, each as text without comments. Constants
// of one group stay together, because iota counts in it.
func exported(t *testing.T, f sourceFile) []string {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, f.path, f.text, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.FileExports(file)
	var texts []string
	add := func(n ast.Node) {
		var b bytes.Buffer
		require.NoError(t, format.Node(&b, fset, n))
		lines := slices.DeleteFunc(strings.Split(b.String(), "\n"), func(line string) bool { return strings.TrimSpace(line) == "" })
		for i, line := range lines {
			lines[i] = alignment.ReplaceAllString(line, "$1 ")
		}
		texts = append(texts, strings.Join(lines, "\n"))
	}
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			d.Body = nil
			receiver, method := receiverType(d)
			if method && !ast.IsExported(receiver) {
				continue
			}
			if method {
				d.Recv.List[0].Names = nil // Nobody who calls it uses that name.
			}
			add(d)
		case *ast.GenDecl:
			switch d.Tok {
			case token.IMPORT:
			case token.CONST:
				add(d)
			default:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok && v.Type != nil {
						v.Values = nil // What a variable begins with is no promise.
					}
					add(&ast.GenDecl{Tok: d.Tok, TokPos: spec.Pos(), Specs: []ast.Spec{spec}})
				}
			}
		}
	}
	return texts
}
