package archtest

import (
	"fmt"
	"go/ast"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	makeUse    = regexp.MustCompile(`\bmake ([a-z][a-z-]*)`)
	variable   = regexp.MustCompile(`\bBROOD_[A-Z_]+`)
	// link finds the targets of links and pictures, in Markdown and in HTML.
	link = regexp.MustCompile(`\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"`)
	// pathLike matches paths of this repository, with wildcards of a shell.
	pathLike = regexp.MustCompile(`^\.?[\w@*-][\w.@*-]*(/[\w.@*-]+)*/?$`)
	// ownFile matches names of files that are this repository's wherever they are met: the files of
	// users end in .js.
	ownFile = regexp.MustCompile(`\.(go|md|s)$`)
	// qualified is a name of a package or type and one that it has.
	qualified = regexp.MustCompile(`\b(\w+)\.([A-Z]\w*)\b`)
	// listed is the list of names in brackets that follows a file.
	listed = regexp.MustCompile("^\\s*\\(((?:`[^`]+`(?:,\\s+|\\s+and\\s+)?)+)\\)")
)

// readLibrary collects the files and names that papers may mention.
func readLibrary(t *testing.T) *library {
	t.Helper()
	l := &library{files: map[string]bool{}, decls: map[string][]string{}, owners: map[string]bool{},
		names: map[string]bool{}, targets: map[string]bool{}, variables: map[string]bool{},
		exports: map[string]map[string]string{}}
	for _, file := range tree(t) {
		for dir := file; dir != "."; dir = path.Dir(dir) {
			l.files[dir] = true
		}
		l.bases = append(l.bases, path.Base(file))
	}
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	for _, target := range makeTarget.FindAllStringSubmatch(string(makefile), -1) {
		l.targets[target[1]] = true
	}
	var code strings.Builder
	code.Write(makefile)
	for _, f := range sourceFiles(t) {
		code.Write(f.text)
		l.decls[f.path] = declaredNames(f.ast)
		if name := f.ast.Name.Name; name != "main" && !f.test() {
			l.owners[name] = true
			for _, decl := range l.decls[f.path] {
				l.names[decl], l.names[name+"."+decl] = true, true
				if owner, _, ok := strings.Cut(decl, "."); ok && ast.IsExported(owner) {
					l.owners[owner] = true
				}
			}
		}
	}
	for _, name := range variable.FindAllString(code.String(), -1) {
		l.variables[name] = true
	}
	return l
}

// declaredNames returns what file declares: functions, types, variables, and methods and fields
// behind their types.
func declaredNames(file *ast.File) []string {
	var names []string
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil {
				name = receiver(d.Recv.List[0].Type) + "." + name
			}
			names = append(names, name)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					names = append(append(names, s.Name.Name), memberNames(s)...)
				case *ast.ValueSpec:
					for _, name := range s.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}

// memberNames returns the fields of a struct, and the methods of an interface.
func memberNames(s *ast.TypeSpec) []string {
	var list *ast.FieldList
	switch typ := s.Type.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return nil
	}
	var names []string
	for _, field := range list.List {
		for _, name := range field.Names {
			names = append(names, s.Name.Name+"."+name.Name)
		}
		if len(field.Names) == 0 {
			names = append(names, s.Name.Name+"."+receiver(field.Type))
		}
	}
	return names
}

// receiver returns the name of a type without its star, package and parameters.
func receiver(expr ast.Expr) string {
	switch e := expr.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// wrongNames returns a sentence for each thing that p names and that is not there.
func (l *library) wrongNames(p paper) []string {
	var found []string
	say := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	for _, target := range link.FindAllStringSubmatch(p.prose, -1) {
		to, _, _ := strings.Cut(target[1]+target[2], "#")
		if to != "" && !strings.Contains(to, ":") && !l.files[path.Join(path.Dir(p.path), to)] {
			say("a link leads to %s, which is not there", to)
		}
	}
	var whole strings.Builder
	whole.WriteString(p.prose)
	for _, s := range p.spans {
		file, missing := l.find(p, s.text)
		if missing {
			say("there is no %s", s.text)
		}
		if list := listed.FindStringSubmatch(s.next); list != nil && strings.HasSuffix(file, ".go") {
			for _, name := range spansOf(list[1]) {
				if !slices.ContainsFunc(l.decls[file], func(decl string) bool {
					return decl == name.text || strings.HasSuffix(decl, "."+name.text)
				}) {
					say("%s declares no %s", file, name.text)
				}
			}
		}
		for _, name := range qualified.FindAllStringSubmatch(s.text, -1) {
			if l.owners[name[1]] && !l.names[name[0]] && !l.inherits(name[1], name[2]) {
				say("nothing is called %s", name[0])
			}
		}
		for _, use := range makeUse.FindAllStringSubmatch(s.text, -1) {
			if !l.targets[use[1]] {
				say("make has no target %s", use[1])
			}
		}
	}
	for _, b := range p.blocks {
		whole.WriteString(b.text)
		for _, use := range makeUse.FindAllStringSubmatch(b.text, -1) {
			if (b.lang == "sh" || b.lang == "console") && !l.targets[use[1]] {
				say("make has no target %s", use[1])
			}
		}
	}
	for _, name := range variable.FindAllString(whole.String(), -1) {
		if !l.hasVariable(name) {
			say("no code reads %s", name)
		}
	}
	return found
}

// inherits reports whether the struct called owner has one of our structs within it that has
// member.
func (l *library) inherits(owner, member string) bool {
	for _, inner := range []string{"Options", "Duplex", "Tries"} {
		if l.names[owner+"."+inner] && l.names[inner+"."+member] {
			return true
		}
	}
	return false
}

// hasVariable takes a name that ends in _ for the beginning of one.
func (l *library) hasVariable(name string) bool {
	for known := range l.variables {
		if known == name || strings.HasSuffix(name, "_") && strings.HasPrefix(known, name) {
			return true
		}
	}
	return false
}

// find returns the file or folder that text, in backticks, names in p. It is missing if text is the
// name of one and there is none: if it begins with a folder of this repository, or ends as its
// files do.
func (l *library) find(p paper, text string) (file string, missing bool) {
	if !pathLike.MatchString(text) || strings.HasPrefix(text, "node_modules/") {
		return "", false
	}
	text = strings.TrimSuffix(text, "/")
	for _, candidate := range []string{path.Join(path.Dir(p.path), text), text} {
		if l.files[candidate] {
			return candidate, false
		}
		if strings.ContainsAny(text, "*") {
			for file := range l.files {
				if ok, _ := path.Match(candidate, file); ok {
					return file, false
				}
			}
		}
	}
	first, _, nested := strings.Cut(text, "/")
	switch {
	case !nested:
		return "", ownFile.MatchString(text) && !slices.ContainsFunc(l.bases, func(base string) bool {
			// The end of a name.
			return base == text || strings.HasPrefix(text, "_") && strings.HasSuffix(base, text)
		})
	case l.files[first], l.files[path.Join(path.Dir(p.path), first)]:
		return "", true
	}
	return "", ownFile.MatchString(text)
}
