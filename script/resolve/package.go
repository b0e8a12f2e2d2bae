package resolve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// packageJSON is the part of a package.json that concerns the package's files.
type packageJSON struct {
	dir     string
	Name    string
	Type    string
	Main    string
	Exports any // string, []any, *object or nil
	Imports *object
}

// object is an object of JSON with its members in order, because conditions are tried in order.
type object struct {
	keys   []string
	values map[string]any
}

// read returns the package.json of a directory, nil if there is none.
func (r *Resolver) read(dir string) (*packageJSON, error) {
	if p, ok := r.packages[dir]; ok {
		return p, nil
	}
	path := filepath.Join(dir, "package.json")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err != nil && isDirectory(path) {
		r.packages[dir] = nil
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := &packageJSON{dir: dir}
	value, err := decode(text)
	if err != nil {
		return nil, failure("ERR_INVALID_PACKAGE_CONFIG", "Invalid package config %s.", path)
	}
	o, ok := value.(*object)
	if !ok {
		return nil, failure("ERR_INVALID_PACKAGE_CONFIG", "Invalid package config %s.", path)
	}
	p.Name, _ = o.values["name"].(string)
	p.Type, _ = o.values["type"].(string)
	p.Main, _ = o.values["main"].(string)
	p.Exports = o.values["exports"]
	p.Imports, _ = o.values["imports"].(*object)
	r.packages[dir] = p
	return p, nil
}

// scope returns the package that files of a directory belong to, nil if there is none.
func (r *Resolver) scope(dir string) (*packageJSON, error) {
	for {
		if filepath.Base(dir) == "node_modules" {
			return nil, nil
		}
		if p, err := r.read(dir); p != nil || err != nil {
			return p, err
		}
		up := filepath.Dir(dir)
		if up == dir {
			return nil, nil
		}
		dir = up
	}
}

// decode decodes JSON and keeps the order of members.
func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	v, err := decodeValue(d)
	if err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errors.New("something follows it")
	}
	return v, nil
}

func decodeValue(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := &object{values: map[string]any{}}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			o.keys = append(o.keys, key.(string))
			o.values[key.(string)] = v
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := decodeValue(d)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	return token, nil
}

// export returns the file of a subpath, "." or "./…", that the package exports.
func (p *packageJSON) export(subpath string, q *request) (string, error) {
	exports, ok := p.Exports.(*object)
	isPath := func(key string) bool { return strings.HasPrefix(key, ".") }
	if !ok || !slices.ContainsFunc(exports.keys, isPath) {
		exports = &object{keys: []string{"."}, values: map[string]any{".": p.Exports}}
	} else if slices.ContainsFunc(exports.keys, func(key string) bool { return !isPath(key) }) {
		return "",
			failure("ERR_INVALID_PACKAGE_CONFIG",
				"Invalid package config %s. \"exports\" cannot contain some keys starting with '.' and "+
					"some not. The exports object must either be an object of package subpath keys or an object of main entry condition name keys only.", p.path())
	}
	target, err := p.match(subpath, exports, q, false)
	if err != nil {
		return "", err
	}
	if target == "" {
		if subpath == "." {
			return "", failure("ERR_PACKAGE_PATH_NOT_EXPORTED", "No \"exports\" main defined in %s%s", p.path(), q.importedFrom())
		}
		return "", failure("ERR_PACKAGE_PATH_NOT_EXPORTED", "Package subpath '%s' is not defined by \"exports\" in %s%s",
			subpath, p.path(), q.importedFrom())
	}
	return target, nil
}

func (p *packageJSON) path() string { return filepath.Join(p.dir, "package.json") }

// mainPath returns the path that the field main names.
func (p *packageJSON) mainPath() string {
	if filepath.IsAbs(p.Main) {
		return filepath.Clean(p.Main)
	}
	return filepath.Join(p.dir, p.Main)
}

// entry is a key of exports or imports that matches a request.
type entry struct {
	key        string
	star       string // text that the pattern's * matches
	isPattern  bool
	isInternal bool // in imports
}

// match returns the target of the entry for key: the key itself, or the matching pattern with the
// longest beginning. "": there is none.
func (p *packageJSON) match(key string, of *object, q *request, internal bool) (target string, err error) {
	if v, ok := of.values[key]; ok && !strings.Contains(key, "*") && !strings.HasSuffix(key, "/") {
		target, _, err = p.target(v, entry{key: key, isInternal: internal}, q)
		return target, err
	}
	best, star := "", ""
	for _, pattern := range of.keys {
		before, after, ok := strings.Cut(pattern, "*")
		if !ok || strings.Contains(after, "*") || !strings.HasPrefix(key, before) || key == before ||
			!strings.HasSuffix(key, after) || len(key) < len(pattern) {
			continue
		}
		if bestBefore, _, _ := strings.Cut(best, "*"); best == "" || len(before) > len(bestBefore) ||
			len(before) == len(bestBefore) && len(pattern) > len(best) {
			best, star = pattern, key[len(before):len(key)-len(after)]
		}
	}
	if best == "" {
		return "", nil
	}
	target, _, err = p.target(of.values[best], entry{best, star, true, internal}, q)
	return target, err
}

// target returns the target of an entry: a file of the package or, in imports, a bare name. If
// decided is true and target is empty, there is none, and the following conditions do not count.
func (p *packageJSON) target(v any, e entry, q *request) (target string, decided bool, err error) {
	switch v := v.(type) {
	case string:
		return p.file(v, e, q)
	case *object:
		for _, condition := range v.keys {
			if _, err := strconv.ParseUint(condition, 10, 32); err == nil {
				return "", false, failure("ERR_INVALID_PACKAGE_CONFIG",
					"Invalid package config %s. \"exports\" cannot contain numeric property keys.", p.path())
			}
			if condition != "default" && !slices.Contains(q.conditions, condition) {
				continue
			}
			if target, decided, err := p.target(v.values[condition], e, q); decided || err != nil {
				return target, decided, err
			}
		}
		return "", false, nil
	case []any:
		var failed error
		for _, one := range v {
			target, _, err := p.target(one, e, q)
			if target != "" {
				return target, true, nil
			}
			failed = err
		}
		return "", true, failed
	case nil:
		return "", true, nil
	}
	return "", false, p.invalidTarget(v, e, q)
}

// file returns the file that an entry names.
func (p *packageJSON) file(target string, e entry, q *request) (string, bool, error) {
	path := target
	if e.isPattern {
		path = strings.ReplaceAll(target, "*", e.star)
	}
	if !strings.HasPrefix(target, "./") {
		if u, err := url.Parse(target); e.isInternal && !isRelative(target) && !filepath.IsAbs(target) &&
			(err != nil || u.Scheme == "") {
			return path, true, nil
		}
		return "", false, p.invalidTarget(target, e, q)
	}
	if hasInvalidPart(target[2:]) {
		return "", false, p.invalidTarget(target, e, q)
	}
	if e.isPattern && hasInvalidPart(e.star) {
		kind := "exports"
		if e.isInternal {
			kind = "imports"
		}
		return "", false, failure("ERR_INVALID_MODULE_SPECIFIER",
			"Invalid module \"%s\" request is not a valid match in pattern \"%s\" for the \"%s\" resolution of %s%s",
			strings.Replace(e.key, "*", e.star, 1), e.key, kind, p.path(), q.importedFrom())
	}
	if hasEmptyPart(target[2:]) || e.isPattern && hasEmptyPart(e.star) {
		p.warnOfSlashes(path, hasEmptyPart(target[2:]), e, q)
	}
	return p.fileAt(path, q)
}

// hasEmptyPart reports whether a path begins or ends with a slash, or has two adjacent ones.
func hasEmptyPart(path string) bool {
	return slices.Contains(strings.Split(strings.ReplaceAll(path, `\`, "/"), "/"), "")
}

// warnOfSlashes warns of an entry whose target, or whose pattern's part, has superfluous slashes.
func (p *packageJSON) warnOfSlashes(target string, inTarget bool, e entry, q *request) {
	asked, matched, field := strings.Replace(e.key, "*", e.star, 1), "", "exports"
	if asked != e.key {
		matched = fmt.Sprintf("matched to \"%s\" ", e.key)
	}
	if e.isInternal {
		field = "imports"
	}
	what, where := "leading or trailing slash matching", asked
	if inTarget {
		where = target
	}
	if strings.Contains(strings.ReplaceAll(where, `\`, "/"), "//") {
		what = "double slash"
	}
	q.warn("DEP0166", fmt.Sprintf("Use of deprecated %s resolving \"%s\" for module request \"%s\" %sin the \"%s\" field module resolution of the "+
		"package at %s%s.", what, target, asked, matched, field, p.path(), q.importedFrom()))
}

// fileAt returns the file of a target, which is part of a URL.
func (p *packageJSON) fileAt(target string, q *request) (string, bool, error) {
	if lower := strings.ToLower(target); strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") {
		return "", false, failure("ERR_INVALID_MODULE_SPECIFIER",
			"Invalid module \"%s\" must not include encoded \"/\" or \"\\\" characters%s", target, q.importedFrom())
	}
	if path, err := url.PathUnescape(target); err == nil {
		target = path
	}
	return filepath.Join(p.dir, target), true, nil
}

// hasInvalidPart reports whether a part of a path leads out of its package or into another.
func hasInvalidPart(path string) bool {
	for part := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' }) {
		if plain, err := url.PathUnescape(part); err == nil {
			part = plain
		}
		switch strings.ToLower(part) {
		case ".", "..", "node_modules":
			return true
		}
	}
	return false
}

// invalidTarget returns the error of a target that a package must not have.
func (p *packageJSON) invalidTarget(target any, e entry, q *request) error {
	text := "an array or an object"
	isText := false
	if s, ok := target.(string); ok {
		text, isText = strconv.Quote(s), !strings.HasPrefix(s, "./")
	} else if encoded, err := json.Marshal(target); err == nil {
		text = string(encoded)
	}
	hint := ""
	if isText && !e.isInternal {
		hint = "; targets must start with \"./\""
	}
	if e.key == "." {
		return failure("ERR_INVALID_PACKAGE_TARGET",
			"Invalid \"exports\" main target %s defined in the package config %s%s%s", text, p.path(), q.importedFrom(), hint)
	}
	kind := "exports"
	if e.isInternal {
		kind = "imports"
	}
	return failure("ERR_INVALID_PACKAGE_TARGET", "Invalid \"%s\" target %s defined for '%s' in the package config %s%s%s",
		kind, text, e.key, p.path(), q.importedFrom(), hint)
}

// Format is the format in which a file runs.
type Format string

// The formats of files.
const (
	CommonJS Format = "commonjs"
	Module   Format = "module"
	JSON     Format = "json"
)

// Format returns the format of a file by its extension and its package. said is false if neither
// decides: a .js file of a package without a type may be either.
func (r *Resolver) Format(file string) (format Format, said bool, err error) {
	switch filepath.Ext(file) {
	case ".mjs", ".mts":
		return Module, true, nil
	case ".cjs", ".cts":
		return CommonJS, true, nil
	case ".json":
		return JSON, true, nil
	}
	p, err := r.scope(filepath.Dir(file))
	if err != nil {
		return "", false, err
	}
	if p != nil && p.Type == "module" {
		return Module, true, nil
	}
	// In node_modules a file without a type is CommonJS.
	said = p != nil && p.Type == "commonjs" || strings.Contains(file,
		string(filepath.Separator)+"node_modules"+string(filepath.Separator))
	return CommonJS, said, nil
}
