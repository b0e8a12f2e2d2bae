package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// root is where the module begins, seen from this package.
const root = "../../.."

// systems are the platforms of the library.
var systems = []string{"linux", "darwin", "dragonfly", "freebsd", "netbsd", "openbsd"}

// goPackage is the part of go list's answer that the tests read.
type goPackage struct {
	ImportPath string
	Standard   bool
	Imports    []string
}

// goList returns what go list says of the packages of the module for the system goos.
func goList(t *testing.T, goos string, flags ...string) []goPackage {
	t.Helper()
	// -e: a package that does not compile at the moment still has imports. -buildvcs=false: nobody
	// needs git here.
	args := append([]string{"list", "-e", "-buildvcs=false", "-json=ImportPath,Standard,Imports"}, flags...)
	cmd := exec.Command("go", append(args, "./...")...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%v: %s", cmd, stderr.Bytes())
	var packages []goPackage
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err, "%v", cmd)
		packages = append(packages, p)
	}
}

// sourceFile is one .go file of the module, whatever system it is for.
type sourceFile struct {
	path string // from the root of the module, with slashes
	text []byte
	ast  *ast.File
	fset *token.FileSet
}

func parse(t *testing.T, path string, text []byte) sourceFile {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, path, text, parser.ParseComments|parser.SkipObjectResolution)
	require.NoError(t, err)
	return sourceFile{path, text, file, fset}
}

// tree returns the paths of all files of the module and of the modules nested in it, without the
// files that tests read and without hidden ones, except for the forge's folder.
func tree(t *testing.T) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			hidden := rel != "." && rel != ".github" && strings.HasPrefix(d.Name(), ".")
			if hidden || d.Name() == "testdata" || d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			return nil
		}
		files = append(files, filepath.ToSlash(rel))
		return nil
	}))
	require.NotEmpty(t, files)
	return files
}

// sourceFiles returns all .go files of the module and of those that are nested in it.
func sourceFiles(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	for _, path := range tree(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		files = append(files, parse(t, path, text))
	}
	require.NotEmpty(t, files)
	return files
}

func (f sourceFile) base() string { return filepath.Base(f.path) }
func (f sourceFile) test() bool   { return strings.HasSuffix(f.path, "_test.go") }

// library reports whether f is part of a package that users import.
func (f sourceFile) library() bool {
	_, ok := lower[filepath.ToSlash(filepath.Dir(f.path))]
	return ok && !f.test()
}

// constraint returns the //go:build line, "" if there is none.
func (f sourceFile) constraint() string {
	for _, group := range f.ast.Comments {
		if group.Pos() > f.ast.Package {
			break
		}
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:build ") {
				return c.Text
			}
		}
	}
	return ""
}
