package archtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// diagrams are the words that a diagram of mermaid begins with.
var diagrams = []string{"flowchart", "sequenceDiagram", "stateDiagram-v2", "classDiagram", "erDiagram", "timeline"}

// wrongCode returns a sentence for each block of p that its language refuses.
func (l *library) wrongCode(t *testing.T, p paper) []string {
	t.Helper()
	var found, pieces []string
	for _, b := range p.blocks {
		var wrong error
		switch b.lang {
		case "go":
			if file, err := parser.ParseFile(token.NewFileSet(), "", b.text, 0); err == nil && file.Name.Name == "main" {
				wrong = l.typeCheck(t, p.path, b.text, false)
			} else {
				pieces = append(pieces, b.text)
			}
		case "sh":
			wrong = parsedBy(t, b.text, ".sh", "sh", "-n")
		case "js":
			wrong = parsedByNode(t, b.text)
		case "json":
			if wrong = json.Unmarshal([]byte(b.text), new(any)); wrong != nil {
				wrong = fmt.Errorf("json: %w", wrong)
			}
		case "mermaid":
			if first := strings.Fields(b.text); len(first) == 0 || !slices.Contains(diagrams, first[0]) {
				wrong = fmt.Errorf("mermaid has no diagram that begins so: %q", b.text)
			}
		case "text", "console": // What a program has written.
		default:
			wrong = fmt.Errorf("a block in %q, which nobody checks", b.lang)
		}
		if wrong != nil {
			found = append(found, wrong.Error())
		}
	}
	if len(pieces) > 0 {
		program, err := programOf(t, p.path, pieces)
		if err == nil {
			err = l.typeCheck(t, p.path, program, true)
		}
		if err != nil {
			found = append(found, err.Error())
		}
	}
	return found
}

// parsedBy has a command read text from a file whose name ends in ext.
func parsedBy(t *testing.T, text, ext string, command ...string) error {
	t.Helper()
	file := filepath.Join(t.TempDir(), "block"+ext)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	out, err := exec.Command(command[0], append(command[1:], file)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w\n%s%s", command[0], err, out, text)
	}
	return nil
}

// parsedByNode checks JavaScript where Node is.
func parsedByNode(t *testing.T, text string) error {
	t.Helper()
	if !hasNode(t) {
		t.Log("a block of JavaScript is not checked: there is no Node")
		return nil
	}
	return parsedBy(t, text, ".mjs", "node", "--check")
}

// hasNode reports whether Node is here, which it is in the CI.
func hasNode(t *testing.T) bool {
	t.Helper()
	_, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	return err == nil
}

// granted is what the pieces of a paper take for granted, besides what grantedToAll has.
var granted = map[string]string{"README.md": grantedToTour, "docs/tour.md": grantedToTour}

const grantedToTour = `
	type (
		Answer struct{}
		Job    struct{ Path string }
		Image  struct {
			Path  string
			Width int
		}
	)
	var (
		pattern, host, answers, dir string
		files                       []string
		tcpConn                     net.Conn
		text                        []byte
		body                        io.Reader
		size                        struct{ Width, Height int }
	)
	func resize(context.Context, *pool.Job) (any, error) { return nil, nil }`

const grantedToAll = `
	var (
		loop *reactor.Loop
		ctx  context.Context
	)`

// known are the packages that pieces name without an import.
var known = []string{
	"bufio", "bytes", "context", "errors", "fmt", "io", "log", "net", "net/http", "os", "runtime", "strings", "sync",
	"syscall", "time", "golang.org/x/sys/unix",
	module + "/childprocess", module + "/cluster", module + "/events", module + "/ipc", module + "/pool", module + "/reactor",
	module + "/signals", module + "/streams", module + "/fleet", module + "/script/host", module + "/script/engine",
}

// programOf puts pieces into one program: declarations as they are, and statements in a function
// for each piece. "…" stands for what is left out.
func programOf(t *testing.T, name string, pieces []string) (string, error) {
	t.Helper()
	var program strings.Builder
	program.WriteString(grantedToAll + granted[name] + "\n")
	for i, piece := range pieces {
		piece = strings.ReplaceAll(piece, "…", "")
		if _, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+piece, 0); err != nil {
			piece = fmt.Sprintf("func piece%d() {\n%s}\n", i, piece)
		}
		program.WriteString(piece)
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+program.String(), 0)
	if err != nil {
		return "", fmt.Errorf("go: %w\n%s", err, program.String())
	}
	imports := map[string]bool{}
	for _, name := range file.Unresolved {
		for _, pkg := range known {
			if path.Base(pkg) == name.Name {
				imports[fmt.Sprintf("import %q\n", pkg)] = true
			}
		}
	}
	return "package main\n" + strings.Join(slices.Sorted(maps.Keys(imports)), "") + program.String() + "func main() {}\n", nil
}

// typeCheck checks a program that is in the paper called name, as the compiler does. A piece may
// declare what it leaves unused, since what follows is left out.
func (l *library) typeCheck(t *testing.T, name, program string, pieces bool) error {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "block.go", program, 0)
	if err != nil {
		return fmt.Errorf("go: %w", err)
	}
	var wrong []error
	config := types.Config{Importer: l.importerFor(t, name, fset, file), Error: func(err error) {
		if e, ok := err.(types.Error); !ok || !e.Soft || !pieces {
			wrong = append(wrong, err)
		}
	}}
	_, _ = config.Check("main", fset, []*ast.File{file}, nil) // Error has been told.
	if len(wrong) > 0 {
		return fmt.Errorf("go: %v\n%s", wrong, program)
	}
	return nil
}

// importerFor reads what file imports, as the module sees it that the paper called name is in.
func (l *library) importerFor(t *testing.T, name string, fset *token.FileSet, file *ast.File) types.Importer {
	t.Helper()
	dir := path.Dir(name)
	for dir != "." && !isFile(filepath.Join(root, dir, "go.mod")) {
		dir = path.Dir(dir)
	}
	if l.exports[dir] == nil {
		l.exports[dir] = map[string]string{}
	}
	exports := l.exports[dir]
	var missing []string
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		if _, ok := exports[imported]; !ok {
			missing = append(missing, imported)
		}
	}
	if len(missing) > 0 {
		addExports(t, dir, exports, missing)
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
}

// addExports adds to exports the files that the compiler reads of packages, and of those that these
// depend on.
func addExports(t *testing.T, dir string, exports map[string]string, packages []string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-buildvcs=false", "-export", "-deps", "-json=ImportPath,Export"}, packages...)...)
	cmd.Dir = filepath.Join(root, dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		// The check that follows says which import is not there.
		t.Logf("%v: %s", cmd, stderr.Bytes())
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p struct{ ImportPath, Export string }
		require.NoError(t, dec.Decode(&p))
		exports[p.ImportPath] = p.Export
	}
}

func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
