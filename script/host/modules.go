package host

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/script/resolve"
	"github.com/brood-go/brood/script/typescript"
	"github.com/brood-go/brood/streams"
)

// modules is the state of the modules that the script has asked for. A module of the library has
// the URL node:name, a file has a file: URL, a text any other.
type modules struct {
	resolver *resolve.Resolver
	// sources of modules that are no files, by URL, until they are loaded
	texts    map[string]string
	kinds    map[string]string // import attribute "type" of imported modules, by URL
	detected map[string]bool   // files that only their source shows to be ES modules
	// sources that were rewritten before they ran, by file, to map places in stack traces
	rewritten map[string]*typescript.Script
	builtins  map[string]*builtinModule // imported modules of the library
	probing   bool                      // a source is only compiled: its imports are not resolved
	main      string                    // the URL of the main module
}

func (m *modules) isLoaded(url string) bool {
	_, ok := m.kinds[url]
	return ok
}

// TextOptions are the settings of [Host.MainText]. The zero value is valid.
type TextOptions struct {
	// Format is resolve.CommonJS or resolve.Module. Empty: the flag --input-type decides, and
	// without that flag the source, which is a module if it can be read as one only.
	Format resolve.Format

	Stdin     bool // it was read from stdin, which its name says
	Print     bool // print the value of the last statement; a module has none
	CheckOnly bool // compile it, and do not run it
}

// MainFile runs the script's file, as CommonJS or as an ES module, depending on its extension, its
// package.json and its source. It returns the errors of [Host.Do]: after an exception the script
// has ended, unless its uncaughtException took the exception. A module with a top-level await goes
// on while the loop runs, and its exception is reported then.
func (h *Host) MainFile(path string) error {
	return h.callMain(func(s *engine.Scope) []engine.Value { return []engine.Value{s.String("file"), s.String(path)} })
}

// Check compiles a file as a script and does not run it.
func (h *Host) Check(path string) error {
	return h.callMain(func(s *engine.Scope) []engine.Value { return []engine.Value{s.String("check"), s.String(path)} })
}

// MainText runs a script that is no file, and returns the errors of [Host.MainFile]. o may be nil.
// Imports are resolved from the working directory. MainText may be called again: the texts share
// their global variables, and variables declared at the top of a text are global.
func (h *Host) MainText(source string, o *TextOptions) error {
	if o == nil {
		o = &TextOptions{}
	}
	name := "[eval]"
	if o.Stdin {
		name = "[stdin]"
	}
	return h.callMain(func(s *engine.Scope) []engine.Value {
		return []engine.Value{
			s.String("text"), s.String(validText(source)), s.String(string(o.Format)),
			s.Bool(o.Print), s.String(name), s.Bool(o.CheckOnly),
		}
	})
}

func (h *Host) callMain(args func(s *engine.Scope) []engine.Value) error {
	return h.Do(func(s *engine.Scope) error {
		_, err := h.hook(s, "main").Call(s.Undefined(), args(s)...)
		return err
	})
}

// wrapper precedes a CommonJS module on its first line. The columns of that line in stack traces
// include it.
const wrapper = "(function (exports, require, module, __filename, __dirname) {"

// bindModules makes the state of modules from the flags, and gives the library what loads them.
func bindModules(b *builder) {
	h := b.h
	h.modules = modules{
		resolver: resolve.New(), texts: map[string]string{}, kinds: map[string]string{}, detected: map[string]bool{},
		rewritten: map[string]*typescript.Script{},
		builtins:  map[string]*builtinModule{},
	}
	for _, flag := range h.o.Flags {
		switch name, value, _ := strings.Cut(flag, "="); name {
		case "--conditions":
			h.modules.resolver.Conditions = append(h.modules.resolver.Conditions, value)
		case "--preserve-symlinks":
			h.modules.resolver.KeepLinks = true
		}
	}
	h.modules.resolver.Warn, h.modules.resolver.Builtin = h.warnOfDeprecated, h.isBuiltin
	bindCommonJS(b)
	bindImports(b)
}

// warnOfDeprecated emits a deprecation warning of the process.
func (h *Host) warnOfDeprecated(code, message string) {
	// The error is dropped: with --throw-deprecation the script gets the warning thrown on the next
	// tick.
	_ = h.enter(func(s *engine.Scope) error {
		warning, err := h.requireLibrary(s, "internal/warning")
		if err != nil {
			return err
		}
		_, err = warning.Invoke("emitWarning", s.String(message), s.String("DeprecationWarning"), s.String(code))
		return err
	})
}

// bindCommonJS gives the library the functions that load CommonJS modules.
func bindCommonJS(b *builder) {
	h, r := b.h, b.h.modules.resolver
	b.fn("dirname", func(c *engine.Call) (engine.Value, error) { return c.String(filepath.Dir(c.Arg(0).Text())), nil })
	b.fn("absolute", func(c *engine.Call) (engine.Value, error) {
		path, err := filepath.Abs(c.Arg(0).Text())
		return c.String(path), err
	})
	b.fn("nodeModulePaths", func(c *engine.Call) (engine.Value, error) {
		return stringArray(c.Scope, resolve.NodeModules(c.Arg(0).Text())), nil
	})
	b.fn("globalPaths", func(c *engine.Call) (engine.Value, error) {
		home, path, exec := os.Getenv("HOME"), os.Getenv("NODE_PATH"), h.o.ExecPath
		if c.Len() > 0 {
			home, path, exec = c.Arg(0).Text(), c.Arg(1).Text(), c.Arg(2).Text()
		}
		return stringArray(c.Scope, resolve.Global(home, path, exec)), nil
	})
	b.fn("resolve", func(c *engine.Call) (engine.Value, error) {
		file, err := r.Require(c.Arg(0).Text(), c.Arg(1).Text())
		return c.String(file), err
	})
	// resolveIn(request, dirs) searches the given directories, not the node_modules that a file
	// would see.
	b.fn("resolveIn", func(c *engine.Call) (engine.Value, error) {
		f := &fields{v: c.Array(c.Arg(1))}
		file, ok, err := r.RequireIn(c.Arg(0).Text(), f.list("0"))
		if err != nil || !ok {
			return c.Undefined(), err
		}
		return c.String(file), nil
	})
	b.fn("format", func(c *engine.Call) (engine.Value, error) {
		format, said, err := h.format(c.Arg(0).Text())
		return c.Array(c.String(string(format)), c.Bool(said)), err
	})
	b.fn("source", func(c *engine.Call) (engine.Value, error) {
		source, err := h.source(c.Arg(0).Text())
		return c.String(source), err
	})
	b.fn("strip", func(c *engine.Call) (engine.Value, error) {
		script, err := h.strip(c.Arg(1).Text(), c.Arg(0).Text())
		return c.String(script), err
	})
	b.fn("compile", func(c *engine.Call) (engine.Value, error) {
		file := c.Arg(1).Text()
		source := h.lower(file, c.Arg(0).Text())
		v, err := c.Eval(file, wrapper+source+"\n})")
		return v, inNodesWords(err, file, source, len(wrapper))
	})
	b.fn("runScript", func(c *engine.Call) (engine.Value, error) {
		file := c.Arg(1).Text()
		source := h.lower(file, c.Arg(0).Text())
		v, err := c.Eval(file, source)
		return v, inNodesWords(err, file, source, 0)
	})
	// isModule(source, name) reports whether a source can be read as a module.
	b.fn("isModule", func(c *engine.Call) (engine.Value, error) {
		return c.Bool(h.readsAsModule(c.Scope, c.Arg(0).Text(), c.Arg(1).Text()) == nil), nil
	})
	// isModuleOnly(file) reports whether a file cannot be read as CommonJS.
	b.fn("isModuleOnly", func(c *engine.Call) (engine.Value, error) {
		file := c.Arg(0).Text()
		source, err := h.source(file)
		if err != nil {
			return c.Undefined(), err
		}
		_, err = c.Compile(file, wrapper+source+"\n})")
		return c.Bool(err != nil), nil
	})
	b.fn("checkModule", func(c *engine.Call) (engine.Value, error) {
		return c.Undefined(), h.readsAsModule(c.Scope, c.Arg(0).Text(), c.Arg(1).Text())
	})
	b.fn("checkScript", func(c *engine.Call) (engine.Value, error) {
		return c.Undefined(), h.readsAsScript(c.Scope, c.Arg(0).Text(), c.Arg(1).Text())
	})
	b.fn("setDetected", func(c *engine.Call) (engine.Value, error) {
		h.modules.detected[c.Arg(0).Text()] = true
		return c.Undefined(), nil
	})
	// hasPlaces() reports whether place can map any file.
	b.fn("hasPlaces", func(c *engine.Call) (engine.Value, error) { return c.Bool(len(h.modules.rewritten) > 0), nil })
	// place(file, line, column) returns the place in the original source of a rewritten file, or
	// undefined.
	b.fn("place", func(c *engine.Call) (engine.Value, error) {
		script := h.modules.rewritten[sourceName(c.Arg(0).Text())]
		if script == nil {
			return c.Undefined(), nil
		}
		line, column := script.Place(int(c.Arg(1).Int()), int(c.Arg(2).Int()))
		return c.Array(c.Int(int64(line)), c.Int(int64(column))), nil
	})
}

// source returns the text of a file as a script that the engine can run.
func (h *Host) source(file string) (string, error) {
	text, err := readWhole(file, 0)
	if err != nil {
		return "", err
	}
	source := validText(strings.TrimPrefix(string(text), "\ufeff"))
	if strings.HasPrefix(source, "#!") {
		source = "//" + source // The interpreter line is the system's, and no JavaScript.
	}
	switch filepath.Ext(file) {
	case ".ts", ".mts", ".cts":
		return h.strip(file, source)
	}
	return h.lower(file, source), nil
}

// validText returns a source with U+FFFD in place of invalid UTF-8, as the WHATWG decoder counts
// it.
func validText(source string) string {
	if utf8.ValidString(source) {
		return source
	}
	return nodetext.Decode([]byte(source), streams.UTF8)
}

// strip returns the JavaScript of a TypeScript source.
func (h *Host) strip(file, source string) (string, error) {
	if strings.Contains(file, string(filepath.Separator)+"node_modules"+string(filepath.Separator)) {
		return "", &codedError{"Error", "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
			`Stripping types is currently unsupported for files under node_modules, for "` + fileURL(file) + `"`}
	}
	script, err := typescript.Strip(file, source)
	if err != nil {
		if e, ok := errors.AsType[*typescript.Error](err); ok {
			return "", &codedError{"SyntaxError", "ERR_INVALID_TYPESCRIPT_SYNTAX", e.Error()}
		}
		return "", err
	}
	h.modules.rewritten[file] = script
	return script.Code, nil
}

// lower rewrites a source with syntax that the engine lacks. name is a file's path or its URL.
func (h *Host) lower(name, source string) string {
	if !typescript.NeedsLowering(source) {
		return source
	}
	name = sourceName(name)
	if made := h.modules.rewritten[name]; made != nil && made.Code == source {
		return source // A rewritten source may still have a comment that looks like such syntax.
	}
	script, err := typescript.Lower(name, source)
	if err != nil {
		return source // The engine will report the error.
	}
	h.modules.rewritten[name] = script
	return script.Code
}

// sourceName returns the path for a file's URL, and any other name as it is.
func sourceName(name string) string {
	if path, ok := filePath(name); ok {
		return path
	}
	return name
}

// format returns the format to run a file in, and whether its extension or its package says so.
func (h *Host) format(file string) (format resolve.Format, said bool, err error) {
	if h.modules.detected[file] {
		return resolve.Module, true, nil
	}
	return h.modules.resolver.Format(file)
}

// readsAsModule returns the error of compiling a source as a module. Its imports are not resolved.
func (h *Host) readsAsModule(s *engine.Scope, source, name string) error {
	h.modules.probing = true
	defer func() { h.modules.probing = false }()
	source = h.lower(name, source)
	_, err := s.CompileModule(name, source)
	return inNodesWords(err, name, source, 0)
}

// readsAsScript returns the error of compiling a source as a script, or as a CommonJS module if the
// source begins with wrapper.
func (h *Host) readsAsScript(s *engine.Scope, source, name string) error {
	source = h.lower(name, source)
	_, err := s.Compile(name, source)
	if inner, ok := strings.CutPrefix(source, wrapper); ok {
		return inNodesWords(err, name, strings.TrimSuffix(inner, "\n})"), len(wrapper))
	}
	return inNodesWords(err, name, source, 0)
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// filePath returns the path of a file: URL.
func filePath(name string) (string, bool) {
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return u.Path, true
}

// workingDirectory returns the directory from which a script that is no file imports.
func workingDirectory() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", &codedError{"Error", "ENOENT", "the working directory is gone: " + err.Error()}
	}
	return dir, nil
}
