package host

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/brood-go/brood/script/cjsnames"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/resolve"
)

// bindImports gives the library the functions that run ES modules.
func bindImports(b *builder) {
	h := b.h
	// importMain(url, text, isMain) runs a module and returns the promise of its evaluation. text,
	// if it is a string, is the module's source.
	b.fn("importMain", func(c *engine.Call) (engine.Value, error) {
		name := c.Arg(0).Text()
		if c.Arg(1).Kind() == engine.String {
			h.modules.texts[name] = h.lower(name, c.Arg(1).Text())
		}
		if c.Arg(2).Bool() {
			h.modules.main = name
		}
		// A module is being evaluated. The engine cannot run a module that imports an unfinished
		// one, so import() is used, which waits.
		if c.Evaluating() {
			return c.Eval("node:internal/main", fmt.Sprintf("import(%q)", name))
		}
		return h.runModule(c.Scope, name)
	})
	// evaluate(url, text) runs a module and returns [promise, namespace]. The namespace is
	// undefined unless the module has run, as one without await has.
	b.fn("evaluate", func(c *engine.Call) (engine.Value, error) {
		name := c.Arg(0).Text()
		if c.Arg(1).Kind() == engine.String {
			h.modules.texts[name] = h.lower(name, c.Arg(1).Text())
		}
		promise, err := h.runModule(c.Scope, name)
		if err != nil {
			return promise, err
		}
		namespace := c.Undefined()
		if state, _ := promise.Promise(); state == engine.Fulfilled {
			if namespace, _, err = c.Namespace(name); err != nil {
				return promise, err
			}
		}
		return c.Array(promise, namespace), nil
	})
	b.fn("hasAwait", func(c *engine.Call) (engine.Value, error) { return c.Bool(c.HasAwait(c.Arg(0).Text())), nil })
	// cycle(url) loads a module and its imports, and returns [url, importer] of one of them that is
	// being evaluated, or undefined.
	b.fn("cycle", func(c *engine.Call) (engine.Value, error) {
		name := c.Arg(0).Text()
		if _, err := c.CompileModule("node:internal/main", fmt.Sprintf("import %q", name)); err != nil {
			return c.Undefined(), err
		}
		running, importer, ok := c.Cycle(name)
		if !ok {
			return c.Undefined(), nil
		}
		return c.Array(c.String(running), c.String(importer)), nil
	})
	b.fn("importer", func(c *engine.Call) (engine.Value, error) { return c.String(c.Importer(c.Arg(0).Text())), nil })
	b.fn("moduleStatus", func(c *engine.Call) (engine.Value, error) {
		return c.Int(int64(c.ModuleStatus(c.Arg(0).Text()))), nil
	})
	b.fn("fileURL", func(c *engine.Call) (engine.Value, error) { return c.String(fileURL(c.Arg(0).Text())), nil })
	b.fn("resolveImport", func(c *engine.Call) (engine.Value, error) {
		to, err := h.resolveImport(c.Scope, c.Arg(1).Text(), c.Arg(0).Text())
		return c.String(to), err
	})
	b.fn("promiseState", func(c *engine.Call) (engine.Value, error) {
		states := map[engine.PromiseState]string{engine.Pending: "pending", engine.Fulfilled: "fulfilled",
			engine.Rejected: "rejected"}
		state, _ := c.Arg(0).Promise()
		return c.String(states[state]), nil
	})
	// syncBuiltins() updates what importers of the library's modules see to the current exports.
	b.fn("syncBuiltins", func(c *engine.Call) (engine.Value, error) {
		for _, m := range h.modules.builtins {
			if err := m.sync(c.Scope); err != nil {
				return c.Undefined(), err
			}
		}
		return c.Undefined(), nil
	})
}

// runModule imports a module from a small module, whose promise is settled when the module has run.
func (h *Host) runModule(s *engine.Scope, name string) (engine.Value, error) {
	return s.EvalModule("node:internal/main", fmt.Sprintf("import %q", name))
}

// resolveModule is called by the engine for each import. The engine does not call loadImport for a
// module that it has.
func (h *Host) resolveModule(s *engine.Scope, base, specifier, kind string) (string, error) {
	name, err := h.resolveImport(s, base, specifier)
	if e, ok := errors.AsType[*resolve.Error](err); ok && e.Path != "" && h.modules.isLoaded(fileURL(e.Path)) {
		name, err = fileURL(e.Path), nil // The file was there at its first import.
	}
	if loaded, ok := h.modules.kinds[name]; ok && err == nil && base != "node:internal/main" {
		switch {
		case loaded == kind:
		case kind == "":
			err = missingAttribute(name)
		default:
			err = incompatibleAttribute(name, kind)
		}
	}
	return name, err
}

// resolveImport returns the name of the module that base imports as specifier.
func (h *Host) resolveImport(s *engine.Scope, base, specifier string) (string, error) {
	if h.modules.probing {
		return "probe:" + specifier, nil
	}
	if base == "node:internal/main" {
		return specifier, nil // The specifier is a name.
	}
	if v, err := h.builtinID(s, specifier); err != nil || v != "" {
		return "node:" + v, err
	}
	from, err := importerPath(base)
	if err != nil {
		return "", err
	}
	isPath := strings.HasPrefix(specifier, "/") || strings.HasPrefix(specifier, "./") ||
		strings.HasPrefix(specifier, "../")
	if scheme, rest, ok := strings.Cut(specifier, ":"); ok && isScheme(scheme) && !isPath {
		if strings.ToLower(scheme) != "file" {
			return specifier, nil // loadImport knows which of these are supported.
		}
		if u, err := url.Parse(specifier); err != nil || u.Host != "" && u.Host != "localhost" || u.Opaque != "" {
			return "", &codedError{"TypeError", "ERR_INVALID_FILE_URL_HOST", `File URL host must be "localhost" or empty on ` +
				runtime.GOOS}
		}
		specifier, isPath = strings.TrimPrefix(strings.TrimPrefix(rest, "//"), "localhost"), true
		if strings.HasPrefix(base, "data:") {
			from = base
		}
	} else if strings.HasPrefix(base, "data:") {
		return "", &codedError{"TypeError", "ERR_UNSUPPORTED_RESOLVE_REQUEST",
			fmt.Sprintf("Failed to resolve module specifier %q from %q: Invalid relative URL or base scheme is not hierarchical.", specifier, base)}
	}
	written, suffix := specifier, ""
	if at := strings.IndexAny(specifier, "?#"); at > 0 && isPath {
		specifier, suffix = specifier[:at], specifier[at:]
	}
	if lower := strings.ToLower(specifier); isPath && (strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c")) {
		return "", &codedError{"TypeError", "ERR_INVALID_MODULE_SPECIFIER",
			fmt.Sprintf("Invalid module %q must not include encoded \"/\" or \"\\\" characters imported from %s", specifier,
				from)}
	}
	if isPath {
		specifier = unescape(specifier)
	}
	file, err := h.modules.resolver.Import(specifier, from)
	if err != nil {
		return "", h.withHint(err, written, from)
	}
	if strings.HasPrefix(file, "node:") {
		return file, nil
	}
	return fileURL(file) + suffix, nil
}

// importerPath returns the path of an importing module, given its URL or its path.
func importerPath(base string) (string, error) {
	if path, ok := filePath(base); ok {
		return path, nil
	}
	if filepath.IsAbs(base) { // a CommonJS file
		return base, nil
	}
	dir, err := workingDirectory()
	return filepath.Join(dir, "[eval1]"), err
}

func isScheme(s string) bool {
	for i, r := range s {
		isLetter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !isLetter && (i == 0 || !strings.ContainsRune("0123456789+-.", r)) {
			return false
		}
	}
	return s != ""
}

// unescape decodes the percent signs of a specifier, which is part of a URL. A malformed one stays.
func unescape(specifier string) string {
	path, err := url.PathUnescape(specifier)
	if err != nil {
		return specifier
	}
	return path
}

// builtinID returns the library's name of an imported module, empty if the library has none.
func (h *Host) builtinID(s *engine.Scope, specifier string) (string, error) {
	cjs, err := h.requireLibrary(s, "internal/cjs")
	if err != nil {
		return "", err
	}
	v, err := cjs.Invoke("builtinID", s.String(specifier))
	return v.Text(), err
}

// isBuiltin reports whether the library has a module of that name.
func (h *Host) isBuiltin(name string) (is bool) {
	err := h.enter(func(s *engine.Scope) error {
		id, err := h.builtinID(s, name)
		is = id != ""
		return err
	})
	return is && err == nil
}

// loadImport is called by the engine for each module that it does not have.
func (h *Host) loadImport(s *engine.Scope, name, kind string) (*engine.Module, error) {
	if h.modules.probing {
		return &engine.Module{}, nil
	}
	m, err := h.loadModule(s, name, kind)
	if err == nil {
		h.modules.kinds[name] = kind
	}
	return m, err
}

// loadModule returns the module of a name: a text, a module of the library, a data: URL or a file.
func (h *Host) loadModule(s *engine.Scope, name, kind string) (*engine.Module, error) {
	if text, ok := h.modules.texts[name]; ok {
		delete(h.modules.texts, name)
		return &engine.Module{Source: text, Meta: h.meta(name)}, nil
	}
	if id, ok := strings.CutPrefix(name, "node:"); ok {
		if kind != "" {
			return nil, incompatibleAttribute(name, kind)
		}
		return h.importBuiltin(s, id)
	}
	if text, ok := strings.CutPrefix(name, "data:"); ok {
		return h.importData(s, name, text, kind)
	}
	file, ok := filePath(name)
	if !ok {
		scheme, _, _ := strings.Cut(name, ":")
		return nil, &codedError{"Error", "ERR_UNSUPPORTED_ESM_URL_SCHEME",
			fmt.Sprintf("Only URLs with a scheme in: file, data, and node are supported by the default ESM loader. Received protocol '%s:'", scheme)}
	}
	return h.importFile(s, name, file, kind)
}

// knownExtensions are the extensions of files that can be imported.
var knownExtensions = []string{"", ".js", ".mjs", ".cjs", ".json", ".ts", ".mts", ".cts"}

// importFile returns the module of a file: an ES module, or one with the exports of JSON or
// CommonJS.
func (h *Host) importFile(s *engine.Scope, name, file, kind string) (*engine.Module, error) {
	if ext := filepath.Ext(file); !slices.Contains(knownExtensions, ext) && !h.modules.detected[file] {
		return nil, &codedError{"TypeError", "ERR_UNKNOWN_FILE_EXTENSION",
			fmt.Sprintf("Unknown file extension \"%s\" for %s", ext, file)}
	}
	format, said, err := h.format(file)
	if err != nil {
		return nil, err
	}
	switch {
	case format == resolve.JSON && kind == "":
		return nil, missingAttribute(name)
	case kind != "" && (format != resolve.JSON || kind != "json"):
		return nil, incompatibleAttribute(name, kind)
	}
	source, err := h.source(file)
	if err != nil {
		return nil, err
	}
	if format == resolve.CommonJS && !said && h.isUnsaidModule(s, file, source) {
		format = resolve.Module
		h.modules.detected[file] = true
	}
	if format == resolve.Module {
		return &engine.Module{Source: source, Meta: h.meta(name)}, nil
	}
	// With a query the file is read again, because it may have changed since it was required.
	if format == resolve.JSON && strings.ContainsAny(name, "?#") {
		v, err := s.ParseJSON(name, source)
		if err != nil {
			return nil, err
		}
		return onlyDefault(v), nil
	}
	if format == resolve.JSON {
		return h.commonJS(file, []string{"default"}), nil
	}
	names := []string{"default", "module.exports"}
	h.addNames(&names, file, source, map[string]bool{})
	return h.commonJS(file, names), nil
}

// isUnsaidModule reports whether a file that nothing but its source says to be a module is one: it
// cannot be read as CommonJS, and can be read as a module.
func (h *Host) isUnsaidModule(s *engine.Scope, file, source string) bool {
	if slices.Contains(h.o.Flags, "--no-experimental-detect-module") {
		return false
	}
	if !strings.Contains(source, "import") && !strings.Contains(source, "export") && !strings.Contains(source, "await") {
		return false
	}
	if _, err := s.Compile(file, wrapper+source+"\n})"); err == nil {
		return false
	}
	return h.readsAsModule(s, source, fileURL(file)) == nil
}

// addNames adds the exports of a CommonJS file and its re-exports. seen has known files.
func (h *Host) addNames(names *[]string, file, source string, seen map[string]bool) {
	if seen[file] {
		return
	}
	seen[file] = true
	found := cjsnames.Find(source)
	for _, name := range found.Exports {
		if !slices.Contains(*names, name) {
			*names = append(*names, name)
		}
	}
	for _, request := range found.Reexports {
		to, err := h.modules.resolver.Require(request, filepath.Dir(file))
		if err != nil || seen[to] {
			continue // Running it reports the error.
		}
		if format, _, err := h.format(to); err != nil || format != resolve.CommonJS {
			continue
		}
		if source, err := h.source(to); err == nil {
			h.addNames(names, to, source, seen)
		}
	}
}

// commonJS returns a module with the exports of a CommonJS file, which runs when it is evaluated.
func (h *Host) commonJS(file string, names []string) *engine.Module {
	return &engine.Module{Exports: names, Init: func(s *engine.Scope, set func(string, engine.Value)) error {
		cjs, err := h.requireLibrary(s, "internal/cjs")
		if err != nil {
			return err
		}
		exports, err := cjs.Invoke("loadImported", s.String(file))
		if err != nil {
			return err
		}
		set("default", exports)
		for _, name := range names[1:] {
			one := exports
			if name != "module.exports" {
				if !exports.IsObject() {
					continue
				}
				if one, err = exports.Get(name); err != nil {
					// Node, too, leaves the name undefined if its getter throws.
					one = s.Undefined()
				}
			}
			set(name, one)
		}
		return nil
	}}
}

// importData returns the module of a data: URL, whose text is the URL without the scheme.
func (h *Host) importData(s *engine.Scope, name, text, kind string) (*engine.Module, error) {
	head, body, ok := strings.Cut(text, ",")
	if !ok {
		return nil, &codedError{"TypeError", "ERR_INVALID_URL", "Invalid URL"}
	}
	mime, isBase64 := strings.CutSuffix(head, ";base64")
	body, _, _ = strings.Cut(body, "#")
	source := unescape(body)
	if isBase64 {
		decoded, err := base64.StdEncoding.DecodeString(source)
		if err != nil {
			return nil, &codedError{"TypeError", "ERR_INVALID_URL", "Invalid URL"}
		}
		source = string(decoded)
	}
	mime, _, _ = strings.Cut(mime, ";")
	switch mime {
	case "text/javascript", "application/javascript":
		if kind != "" {
			return nil, incompatibleAttribute(name, kind)
		}
		return &engine.Module{Source: h.lower(name, source), Meta: h.meta(name)}, nil
	case "application/json":
		if kind != "" && kind != "json" {
			return nil, incompatibleAttribute(name, kind)
		}
		if kind == "" {
			return nil, missingAttribute(name)
		}
		v, err := s.ParseJSON(name, source)
		if err != nil {
			return nil, err
		}
		return onlyDefault(v), nil
	}
	return nil, &codedError{"RangeError", "ERR_UNKNOWN_MODULE_FORMAT",
		fmt.Sprintf("Unknown module format: %s for URL %s", mime, name)}
}

// meta returns the function that fills import.meta of a module.
func (h *Host) meta(name string) func(*engine.Scope, engine.Value) error {
	return func(s *engine.Scope, meta engine.Value) error {
		esm, err := h.requireLibrary(s, "internal/esm")
		if err != nil {
			return err
		}
		file, _ := filePath(name)
		_, err = esm.Invoke("initializeMeta", meta, s.String(name), s.String(file), s.Bool(name == h.modules.main))
		return err
	}
}

// builtinModule is a module of the library that an ES module has imported.
type builtinModule struct {
	exports engine.Kept
	names   []string
	set     func(name string, to engine.Value)
}

// importBuiltin returns a module with the exports that a module of the library has now.
func (h *Host) importBuiltin(s *engine.Scope, id string) (*engine.Module, error) {
	exports, err := h.requireLibrary(s, id)
	if err != nil {
		return nil, err
	}
	m := &builtinModule{exports: exports.Keep(), names: []string{"default"}}
	if exports.IsObject() {
		names, err := exports.Keys()
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if name != "default" {
				m.names = append(m.names, name)
			}
		}
	}
	return &engine.Module{Exports: m.names, Init: func(s *engine.Scope, set func(string, engine.Value)) error {
		m.set = set
		h.modules.builtins[id] = m
		return m.sync(s)
	}}, nil
}

// sync sets what importers see to the current exports.
func (m *builtinModule) sync(s *engine.Scope) error {
	v := s.Kept(m.exports)
	m.set("default", v)
	var failed error
	for _, name := range m.names[1:] {
		one, err := v.Get(name)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		m.set(name, one)
	}
	return failed
}

func onlyDefault(v engine.Value) *engine.Module {
	kept := v.Keep()
	return &engine.Module{Exports: []string{"default"}, Init: func(s *engine.Scope, set func(string, engine.Value)) error {
		set("default", s.Kept(kept))
		s.Engine().Release(&kept)
		return nil
	}}
}

// onRejection is called by the engine for a rejection without a handler, and for a late handler.
func (h *Host) onRejection(s *engine.Scope, promise, reason engine.Value, handled bool) {
	if h.exited {
		return
	}
	h.ticks.rejected = true
	if _, err := h.hook(s, "rejection").Call(s.Undefined(), promise, reason, s.Bool(handled)); err != nil {
		h.uncaught(s, err)
	}
}
