// Package resolve finds the files of modules as Node does:
// https://nodejs.org/api/modules.html#all-together and
// https://nodejs.org/api/esm.html#resolution-algorithm-specification.
package resolve

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Resolver finds files, and caches the package.json files that it has read. It must be used by one
// goroutine at a time.
type Resolver struct {
	// Conditions are conditions of packages besides Node's own: the flag --conditions.
	Conditions []string

	// KeepLinks keeps the names by which files were requested; else symbolic links are resolved:
	// --preserve-symlinks.
	KeepLinks bool

	// Warn is called with the code and the text of a deprecation warning about a package. nil:
	// warnings are dropped.
	Warn func(code, message string)

	// Builtin reports whether a bare name is a built-in module, to which the field imports of a
	// package may lead. Import then returns it after "node:". nil: there is none.
	Builtin func(name string) bool

	packages map[string]*packageJSON // by directory; nil: it has none
}

// New returns a resolver.
func New() *Resolver { return &Resolver{packages: map[string]*packageJSON{}} }

// Error is the error of a specifier without a file.
type Error struct {
	Code    string // MODULE_NOT_FOUND, ERR_MODULE_NOT_FOUND, ERR_PACKAGE_PATH_NOT_EXPORTED…: Node's
	Message string
	Path    string // the file or directory of an import, if the specifier itself is valid
}

func (e *Error) Error() string { return e.Message }

// IsType reports whether Node throws a TypeError.
func (e *Error) IsType() bool {
	return e.Code == "ERR_INVALID_MODULE_SPECIFIER" || e.Code == "ERR_PACKAGE_IMPORT_NOT_DEFINED"
}

func failure(code, format string, a ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, a...)}
}

// importFailure returns the error of an import of a file or a directory.
func importFailure(path, code, format string, a ...any) error {
	return &Error{code, fmt.Sprintf(format, a...), path}
}

// request is one resolution.
type request struct {
	specifier  string
	dir        string   // of the requesting file
	from       string   // the requesting file, for errors; "" for require
	conditions []string // conditions of exports and imports that hold
	warn       func(code, message string)
}

func (r *Resolver) requireRequest(specifier, dir string) *request {
	return &request{specifier, dir, "", append([]string{"node", "require", "module-sync"}, r.Conditions...), r.warn}
}

func (r *Resolver) importRequest(specifier, from string) *request {
	return &request{specifier, filepath.Dir(from), from, append([]string{"node", "import", "module-sync"},
		r.Conditions...), r.warn}
}

// importedFrom returns the end of an error's text, which names the importing file.
func (q *request) importedFrom() string {
	if q.from == "" {
		return ""
	}
	return " imported from " + q.from
}

// Require returns the file that require(specifier) means in a file of directory dir. Its error is
// an [*Error], or that of a file that cannot be read.
func (r *Resolver) Require(specifier, dir string) (string, error) {
	q := r.requireRequest(specifier, dir)
	switch {
	case strings.HasPrefix(specifier, "#"):
		if p, err := r.scope(dir); err != nil || p != nil && p.Imports != nil {
			return r.resolveImports(q)
		}
	case filepath.IsAbs(specifier) || isRelative(specifier):
		path := filepath.Clean(specifier)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		if !endsInDirectory(specifier) {
			if file, ok := asFile(path); ok {
				return r.real(file)
			}
		}
		if file, ok, err := r.asDirectory(path); err != nil || ok {
			return r.realUnless(file, err)
		}
		return "", notFound(specifier)
	}
	if file, ok, err := r.resolveSelf(q); err != nil || ok {
		return r.realUnless(file, err)
	}
	if file, ok, err := r.RequireIn(specifier, NodeModules(dir)); err != nil || ok {
		return file, err
	}
	return "", notFound(specifier)
}

func notFound(specifier string) error {
	return failure("MODULE_NOT_FOUND", "Cannot find module '%s'", specifier)
}

// RequireIn searches directories of packages for a package. ok is false if none has it.
func (r *Resolver) RequireIn(specifier string, dirs []string) (file string, ok bool, err error) {
	q := r.requireRequest(specifier, "")
	for _, modules := range dirs {
		if file, ok, err := r.inNodeModules(q, modules); err != nil || ok {
			file, err = r.realUnless(file, err)
			return file, err == nil, err
		}
	}
	return "", false, nil
}

// NodeModules returns the directories in which packages for files of dir are searched, nearest
// first.
func NodeModules(dir string) (all []string) {
	for {
		if filepath.Base(dir) != "node_modules" {
			all = append(all, filepath.Join(dir, "node_modules"))
		}
		up := filepath.Dir(dir)
		if up == dir {
			return all
		}
		dir = up
	}
}

// Global returns the directories that are searched for a package last. home, path and exec are
// HOME, NODE_PATH and the path of the program.
func Global(home, path, exec string) (all []string) {
	for dir := range strings.SplitSeq(path, ":") {
		if dir != "" {
			all = append(all, dir)
		}
	}
	if home != "" {
		all = append(all, home+"/.node_modules", home+"/.node_libraries")
	}
	return append(all, filepath.Join(filepath.Dir(filepath.Dir(exec)), "lib/node"))
}

func isRelative(request string) bool {
	return request == "." || request == ".." || strings.HasPrefix(request, "./") || strings.HasPrefix(request, "../")
}

func endsInDirectory(request string) bool {
	return strings.HasSuffix(request, "/") || request == "." || request == ".." || strings.HasSuffix(request, "/.") ||
		strings.HasSuffix(request, "/..")
}

// extensions are tried in this order if a request has none. Those of TypeScript are last, because
// Node does not try them.
var extensions = []string{".js", ".json", ".node", ".ts", ".cts", ".mts"}

// asFile returns the file of a path: itself, or with an extension.
func asFile(path string) (string, bool) {
	if isFile(path) {
		return path, true
	}
	return withExtension(path)
}

func withExtension(path string) (string, bool) {
	for _, extension := range extensions {
		if isFile(path + extension) {
			return path + extension, true
		}
	}
	return "", false
}

// asDirectory returns the file of a directory: its package's main, or its index.
func (r *Resolver) asDirectory(dir string) (file string, ok bool, err error) {
	if !isDirectory(dir) {
		return "", false, nil
	}
	p, err := r.read(dir)
	if err != nil {
		return "", false, err
	}
	if p != nil && p.Main != "" {
		main := p.mainPath()
		if file, ok := asFile(main); ok {
			return file, true, nil
		}
		if file, ok := withExtension(filepath.Join(main, "index")); ok {
			return file, true, nil
		}
	}
	file, ok = withExtension(filepath.Join(dir, "index"))
	if ok && p != nil && p.Main != "" {
		r.warn("DEP0128",
			fmt.Sprintf("Invalid 'main' field in '%s' of '%s'. Please either fix that or report it to the module author",
				p.path(), p.Main))
	}
	if !ok && p != nil && p.Main != "" {
		return "", false, failure("MODULE_NOT_FOUND",
			"Cannot find module '%s'. Please verify that the package.json has a valid \"main\" entry", p.mainPath())
	}
	return file, ok, nil
}

// inNodeModules searches one directory for a package.
func (r *Resolver) inNodeModules(q *request, modules string) (file string, ok bool, err error) {
	name, subpath, valid := splitPackage(q.specifier)
	if valid && isDirectory(filepath.Join(modules, name)) {
		dir := filepath.Join(modules, name)
		p, err := r.read(dir)
		if err != nil {
			return "", false, err
		}
		if p != nil && p.Exports != nil {
			file, err := p.export(subpath, q)
			if err == nil && !isFile(file) {
				err = notFound(file)
			}
			return file, err == nil, err
		}
	}
	path := filepath.Join(modules, q.specifier)
	if !endsInDirectory(q.specifier) {
		if file, ok := asFile(path); ok {
			return file, true, nil
		}
	}
	return r.asDirectory(path)
}

// resolveSelf resolves a package's own name in its files.
func (r *Resolver) resolveSelf(q *request) (file string, ok bool, err error) {
	name, subpath, valid := splitPackage(q.specifier)
	if !valid {
		return "", false, nil
	}
	p, err := r.scope(q.dir)
	if err != nil || p == nil || p.Exports == nil || p.Name != name {
		return "", false, err
	}
	file, err = p.export(subpath, q)
	return file, err == nil, err
}

// resolveImports resolves a name with # by the field imports of the package that the requesting
// file belongs to.
func (r *Resolver) resolveImports(q *request) (string, error) {
	if q.specifier == "#" {
		return "",
			failure("ERR_INVALID_MODULE_SPECIFIER", "Invalid module \"%s\" is not a valid internal imports specifier name%s",
				q.specifier, q.importedFrom())
	}
	p, err := r.scope(q.dir)
	if err != nil {
		return "", err
	}
	in := ""
	if p != nil {
		in = " in package " + filepath.Join(p.dir, "package.json")
	}
	if p != nil && p.Imports != nil {
		target, err := p.match(q.specifier, p.Imports, q, true)
		found := target != ""
		switch {
		case err != nil:
			return "", err
		case found && !filepath.IsAbs(target) && q.from != "" && r.Builtin != nil && r.Builtin(target):
			return "node:" + target, nil
		// A bare target is a package, and never another key of imports, which might lead back here.
		case strings.HasPrefix(target, "#") && q.from != "":
			return "", failure("ERR_MODULE_NOT_FOUND", "Cannot find package '%s' imported from %s", target, p.path())
		case strings.HasPrefix(target, "#"):
			return "", notFound(q.specifier)
		case found && !filepath.IsAbs(target) && q.from != "":
			return r.Import(target, filepath.Join(p.dir, "package.json"))
		case found && !filepath.IsAbs(target):
			return r.Require(target, p.dir)
		case found && q.from != "":
			return r.importFile(target, q, false)
		case found && !isFile(target):
			return "", notFound(target)
		case found:
			return r.real(target)
		}
	}
	from := q.from
	if from == "" {
		from = q.dir
	}
	return "",
		failure("ERR_PACKAGE_IMPORT_NOT_DEFINED", "Package import specifier \"%s\" is not defined%s imported from %s",
			q.specifier, in, from)
}

// Import returns the file for an import of a path or a bare name in the module with path from. Its
// error is an [*Error], or that of a file that cannot be read.
func (r *Resolver) Import(specifier, from string) (string, error) {
	file, err := r.importAny(specifier, from)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == "ERR_INVALID_PACKAGE_CONFIG" {
		if config, ok := strings.CutSuffix(e.Message, "package.json."); ok {
			return file, failure(e.Code, "%spackage.json while importing \"%s\" from %s.", config, specifier, from)
		}
	}
	return file, err
}

// importAny is Import, with errors about package.json in the words of require.
func (r *Resolver) importAny(specifier, from string) (string, error) {
	q := r.importRequest(specifier, from)
	switch {
	case strings.HasPrefix(specifier, "#"):
		return r.resolveImports(q)
	case filepath.IsAbs(specifier) || isRelative(specifier):
		path := specifier
		if !filepath.IsAbs(path) {
			path = filepath.Join(q.dir, path)
		}
		return r.importFile(path, q, endsInDirectory(specifier))
	}
	name, subpath, valid := splitPackage(specifier)
	if !valid {
		return "",
			failure("ERR_INVALID_MODULE_SPECIFIER", "Invalid module \"%s\" is not a valid package name imported from %s",
				specifier, from)
	}
	if file, ok, err := r.resolveSelf(q); err != nil || ok {
		return r.realUnless(file, err)
	}
	for _, modules := range NodeModules(q.dir) {
		at := filepath.Join(modules, name)
		if !isDirectory(at) {
			continue
		}
		p, err := r.read(at)
		if err != nil {
			return "", err
		}
		if p != nil && p.Exports != nil {
			file, err := p.export(subpath, q)
			if err != nil {
				return "", err
			}
			return r.importFile(file, q, false)
		}
		if subpath != "." {
			return r.importFile(filepath.Join(at, subpath), q, false)
		}
		file, ok, err := r.asDirectory(at)
		if err == nil && ok {
			r.warnOfMain(at, p, file, from)
			return r.real(file)
		}
		if e, isOurs := errors.AsType[*Error](err); err != nil && (!isOurs || e.Code != "MODULE_NOT_FOUND") {
			return "", err
		}
		return "", failure("ERR_MODULE_NOT_FOUND", "Cannot find package '%s' imported from %s", at, from)
	}
	return "", failure("ERR_MODULE_NOT_FOUND", "Cannot find package '%s' imported from %s", name, from)
}

func (r *Resolver) warn(code, message string) {
	if r.Warn != nil {
		r.Warn(code, message)
	}
}

// warnOfMain warns of an import of a package that does not name its main file in full.
func (r *Resolver) warnOfMain(dir string, p *packageJSON, file, from string) {
	if format, _, err := r.Format(file); err != nil || format != Module {
		return
	}
	rest := strings.TrimPrefix(file, dir+"/")
	switch {
	case p == nil || p.Main == "":
		r.warn("DEP0151", fmt.Sprintf("No \"main\" or \"exports\" field defined in the package.json for %s/ resolving the main entry point \"%s\", "+
			"imported from %s.\nDefault \"index\" lookups for the main are deprecated for ES modules.", dir, rest, from))
	case file != p.mainPath():
		r.warn("DEP0151", fmt.Sprintf("Package %s/ has a \"main\" field set to \"%s\", excluding the full filename and extension to the resolved file at "+
			"\"%s\", imported from %s.\n Automatic extension resolution of the \"main\" field is deprecated for ES modules.",
			dir, p.Main, rest, from))
	}
}

func (r *Resolver) importFile(path string, q *request, isDir bool) (string, error) {
	if isDir || isDirectory(path) {
		at := path
		if isDir && at != "/" {
			at += "/" // As requested.
		}
		return "",
			importFailure(at, "ERR_UNSUPPORTED_DIR_IMPORT",
				"Directory import '%s' is not supported resolving ES modules imported from %s", path, q.from)
	}
	if !isFile(path) {
		return "", importFailure(path, "ERR_MODULE_NOT_FOUND", "Cannot find module '%s' imported from %s", path, q.from)
	}
	return r.real(path)
}

// splitPackage splits "name/sub" and "@scope/name/sub" into the package's name and "./sub", or ".".
func splitPackage(specifier string) (name, subpath string, ok bool) {
	parts := strings.SplitN(specifier, "/", 3)
	n := 1
	if strings.HasPrefix(specifier, "@") {
		n = 2
	}
	if len(parts) < n || parts[n-1] == "" || strings.HasPrefix(specifier, ".") ||
		strings.ContainsAny(strings.Join(parts[:n], "/"), `\%`) {
		return "", "", false
	}
	name = strings.Join(parts[:n], "/")
	return name, "." + strings.TrimPrefix(specifier, name), true
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// real returns a path without symbolic links, which identifies a module.
func (r *Resolver) real(path string) (string, error) {
	if r.KeepLinks {
		return filepath.Clean(path), nil
	}
	return filepath.EvalSymlinks(path)
}

func (r *Resolver) realUnless(path string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return r.real(path)
}
