package archtest

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// undocumented names what a library package exports without a doc comment. A comment on a group of
// constants or variables counts for each of them, and so does one at the end of the line. Fields of
// a struct share their comments up to the next blank line. Comments of functions and types begin
// with their name.
func undocumented(f sourceFile) []string {
	if !f.library() {
		return nil
	}
	d := docChecker{file: f}
	for _, decl := range f.ast.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if receiver, method := receiverType(decl); decl.Name.IsExported() && (!method || ast.IsExported(receiver)) {
				d.named(decl.Name, decl.Doc)
			}
		case *ast.GenDecl:
			d.group(decl)
		}
	}
	return d.found
}

type docChecker struct {
	file  sourceFile
	found []string
}

func (d *docChecker) report(name *ast.Ident, what string) {
	d.found = append(d.found, fmt.Sprintf("line %d: %s %s", d.file.line(name.Pos()), name.Name, what))
}

// named checks the comment of something that has one for itself.
func (d *docChecker) named(name *ast.Ident, doc *ast.CommentGroup) {
	words := strings.Fields(doc.Text())
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) && words[0] != name.Name {
		words = words[1:]
	}
	switch {
	case len(words) == 0:
		d.report(name, "has no doc comment")
	case strings.TrimRight(words[0], ",.:;") != name.Name:
		d.report(name, "has a doc comment that does not begin with its name")
	}
}

// listed checks names that may share a comment.
func (d *docChecker) listed(names []*ast.Ident, comments ...*ast.CommentGroup) {
	for _, doc := range comments {
		if doc.Text() != "" {
			return
		}
	}
	for _, name := range names {
		if name.IsExported() {
			d.report(name, "has no comment")
		}
	}
}

func (d *docChecker) group(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			d.listed(spec.Names, spec.Doc, spec.Comment, decl.Doc)
		case *ast.TypeSpec:
			if !spec.Name.IsExported() {
				continue
			}
			doc := spec.Doc
			if doc == nil && decl.Lparen == token.NoPos {
				doc = decl.Doc
			}
			d.named(spec.Name, doc)
			d.members(spec.Type)
		}
	}
}

// members checks the fields of a struct or the methods of an interface.
func (d *docChecker) members(typ ast.Expr) {
	var fields *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		fields = typ.Fields
	case *ast.InterfaceType:
		fields = typ.Methods
	default:
		return
	}
	var run []*ast.Ident               // names since the last blank line
	var comments []*ast.CommentGroup   // and their comments
	end := d.file.line(fields.Opening) // line on which the last field ended
	for _, field := range fields.List {
		start := field.Pos()
		if field.Doc != nil {
			start = field.Doc.Pos()
		}
		if d.file.line(start) > end+1 {
			d.listed(run, comments...)
			run, comments = nil, nil
		}
		run, comments = append(run, field.Names...), append(comments, field.Doc, field.Comment)
		end = d.file.line(field.End())
	}
	d.listed(run, comments...)
}

// receiverType returns the name of the type that decl is a method of.
func receiverType(decl *ast.FuncDecl) (name string, method bool) {
	if decl.Recv == nil {
		return "", false
	}
	expr := decl.Recv.List[0].Type
	for {
		switch e := expr.(type) {
		case *ast.StarExpr:
			expr = e.X
		case *ast.IndexExpr:
			expr = e.X
		case *ast.IndexListExpr:
			expr = e.X
		case *ast.Ident:
			return e.Name, true
		default:
			return "", true
		}
	}
}

func TestTheDocCommentCheckFindsWhatIsMissing(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"functions", "// F does.\nfunc F() {}\nfunc g() {}\nfunc H() {}", []string{"line 5: H has no doc comment"}},
		{"another name", "// f does.\nfunc F() {}", []string{"line 3: F has a doc comment that does not begin with its name"}},
		{"an article", "// An E is.\ntype E int", nil},
		{"methods", "type t int\nfunc (t) M() {}\n// T is.\ntype T[V any] struct{}\nfunc (*T[V]) M() {}",
			[]string{"line 6: M has no doc comment"}},
		{"fields", "// T is.\ntype T struct {\n// A and B are.\nA int\nB int\n\nC, D int\ne int\n\nF int // is\nG int\n\nh int\n}",
			[]string{"line 8: C has no comment", "line 8: D has no comment"}},
		{"interfaces", "// I is.\ntype I interface {\n// M does.\nM()\n\nN()\n}", []string{"line 7: N has no comment"}},
		{"groups", "// All of them.\nconst (\nA = 1\nB = 2\n)\nvar (\nC = 1 // is\nD = 2\n)", []string{"line 9: D has no comment"}},
		{"types in brackets", "// All of them.\ntype (\n// A is.\nA int\nB int\n)", []string{"line 6: B has no doc comment"}},
		{"directives are no comments", "//go:noinline\nfunc F() {}", []string{"line 3: F has no doc comment"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.want, undocumented(parse(t, "reactor/a.go", []byte("package reactor\n"+c.text))))
		})
	}
}
