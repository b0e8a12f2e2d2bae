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

// modules are the files that the script has asked for. Modules of the library have the URL
// node:name, files the URL file:…, texts any other.
type modules struct {
	resolver *resolve.Resolver
	texts    map[string]string // sources of modules that are no files, by URL
	// what the import attribute "type" of a module is, of those that were imported
	kinds    map[string]string
	detected map[string]bool // files that are modules though nothing but their source says so
	// sources that are not run as they are written, by file, for the places in stack traces
	rewritten map[string]*typescript.Script
	builtins  map[string]*builtinModule // modules of the library that were imported
	probing   bool                      // a source is only looked at: what it imports is not
	main      string                    // the URL of the main module
}

func (m *modules) isLoaded(url string) bool {
	_, ok := m.kinds[url]
	return ok
}

// TextOptions say what a text is that [Host.MainText] runs. The zero value is good.
type TextOptions struct {
	// Format is resolve.CommonJS or resolve.Module. Empty: what the flag --input-type says, and
	// without that by the source, which is a module if it can only be read as one.
	Format resolve.Format

	Stdin     bool // it was read from stdin, and is named so
	Print     bool // print the value of its last statement; a module has none
	CheckOnly bool // look whether it can be read, and do not run it
}

// MainFile runs the script's file: CommonJS or an ES module, by its extension, its package.json and
// its source. It returns what [Host.Do] would: an exception has ended the script, unless its own
// uncaughtException took it. A module with an await at its top goes on while the loop runs, and its
// exception is told then.
func (h *Host) MainFile(path string) error {
	return h.callMain(func(s *engine.Scope) []engine.Value { return []engine.Value{s.String("file"), s.String(path)} })
}

// Check looks whether a file can be read as a script, and does not run it.
func (h *Host) Check(path string) error {
	return h.callMain(func(s *engine.Scope) []engine.Value { return []engine.Value{s.String("check"), s.String(path)} })
}

// MainText runs a script that is no file, and returns what [Host.MainFile] does. o may be nil. What
// the script imports is looked for in the working directory. It may be called again: the texts
// share their global variables, and those that a script declares at its top are such.
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

// wrapper is what stands in front of a CommonJS module, on its first line, whose columns in stack
// traces count it.
const wrapper = "(function (exports, require, module, __filename, __dirname) {"

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

// warnOfDeprecated emits a warning of the process.
func (h *Host) warnOfDeprecated(code, message string) {
	// A script that wants warnings thrown gets them on the next tick.
	_ = h.enter(func(s *engine.Scope) error {
		warning, err := h.requireLibrary(s, "internal/warning")
		if err != nil {
			return err
		}
		_, err = warning.Invoke("emitWarning", s.String(message), s.String("DeprecationWarning"), s.String(code))
		return err
	})
}

// bindCommonJS is what the library needs to load CommonJS.
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
	// resolveIn(request, dirs) looks in folders that are said, not in those node_modules that a
	// file would see.
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
	// isModule reports whether a source is a module: whether it can be read as one.
	b.fn("isModule", func(c *engine.Call) (engine.Value, error) {
		return c.Bool(h.readsAsModule(c.Scope, c.Arg(0).Text(), c.Arg(1).Text()) == nil), nil
	})
	// isModuleOnly reports whether a file cannot be read as CommonJS.
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
	// hasPlaces reports whether there are files of which place knows something.
	b.fn("hasPlaces", func(c *engine.Call) (engine.Value, error) { return c.Bool(len(h.modules.rewritten) > 0), nil })
	// place(file, line, column) returns where in a source that is not run as it is written a place
	// came from.
	b.fn("place", func(c *engine.Call) (engine.Value, error) {
		script := h.modules.rewritten[sourceName(c.Arg(0).Text())]
		if script == nil {
			return c.Undefined(), nil
		}
		line, column := script.Place(int(c.Arg(1).Int()), int(c.Arg(2).Int()))
		return c.Array(c.Int(int64(line)), c.Int(int64(column))), nil
	})
}

// source returns the text of a file, as a script that the engine takes.
func (h *Host) source(file string) (string, error) {
	text, err := readWhole(file, 0)
	if err != nil {
		return "", err
	}
	source := validText(strings.TrimPrefix(string(text), "\ufeff"))
	if strings.HasPrefix(source, "#!") {
		source = "//" + source // The line of the system's, which is none of the language.
	}
	switch filepath.Ext(file) {
	case ".ts", ".mts", ".cts":
		return h.strip(file, source)
	}
	return h.lower(file, source), nil
}

// validText is a source with U+FFFD for what is no UTF-8, as decoders of the Web count it.
func validText(source string) string {
	if utf8.ValidString(source) {
		return source
	}
	return nodetext.Decode([]byte(source), streams.UTF8)
}

// strip makes JavaScript of TypeScript.
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

// lower makes what the engine can run of a source with syntax that it lacks. name is a file's path
// or its URL.
func (h *Host) lower(name, source string) string {
	if !typescript.NeedsLowering(source) {
		return source
	}
	name = sourceName(name)
	if made := h.modules.rewritten[name]; made != nil && made.Code == source {
		return source // It has what looks like such syntax in a comment.
	}
	script, err := typescript.Lower(name, source)
	if err != nil {
		return source // The engine tells what is wrong with it.
	}
	h.modules.rewritten[name] = script
	return script.Code
}

// sourceName returns a file's path, of its path or its URL, and any other name as it is.
func sourceName(name string) string {
	if path, ok := filePath(name); ok {
		return path
	}
	return name
}

// format returns what a file is to be run as, and whether that has been said.
func (h *Host) format(file string) (format resolve.Format, said bool, err error) {
	if h.modules.detected[file] {
		return resolve.Module, true, nil
	}
	return h.modules.resolver.Format(file)
}

// readsAsModule returns the error of reading a source as a module. What it imports is not looked
// for.
func (h *Host) readsAsModule(s *engine.Scope, source, name string) error {
	h.modules.probing = true
	defer func() { h.modules.probing = false }()
	source = h.lower(name, source)
	_, err := s.CompileModule(name, source)
	return inNodesWords(err, name, source, 0)
}

// readsAsScript returns the error of reading a source as a script, which may be a CommonJS module
// with the function around it.
func (h *Host) readsAsScript(s *engine.Scope, source, name string) error {
	source = h.lower(name, source)
	_, err := s.Compile(name, source)
	if inner, ok := strings.CutPrefix(source, wrapper); ok {
		return inNodesWords(err, name, strings.TrimSuffix(inner, "\n})"), len(wrapper))
	}
	return inNodesWords(err, name, source, 0)
}

func fileURL(path string) string { return (&url.URL{Scheme: "file", Path: path}).String() }

// filePath returns the path of a file's URL.
func filePath(name string) (string, bool) {
	u, err := url.Parse(name)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return u.Path, true
}

// workingDirectory is where what has no file imports from.
func workingDirectory() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", &codedError{"Error", "ENOENT", "the working directory is gone: " + err.Error()}
	}
	return dir, nil
}
