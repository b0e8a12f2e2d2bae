package host

import (
	"os"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodepath"
)

// pathFunctions are the functions that posix and win32 have in common.
type pathFunctions interface {
	Normalize(path string) string
	IsAbsolute(path string) bool
	Join(parts ...string) string
	Dirname(path string) string
	Basename(path, suffix string) string
	Extname(path string) string
	Parse(path string) nodepath.Parsed
	MatchesGlob(path, pattern string) bool
}

// bindPath gives the library posix and win32. The library has checked the arguments. A function
// that needs the current directory takes process.cwd as the argument before the paths.
func bindPath(b *builder) {
	b.inner("posix", bindPosix)
	b.inner("win32", bindWin32)
}

func bindPosix(b *builder) {
	posix := nodepath.Posix{}
	bindPathFunctions(b, posix)
	b.fn("resolve", func(c *engine.Call) (engine.Value, error) {
		path, err := posix.Resolve(directoryArg(c), textArgs(c, 1)...)
		return c.String(path), err
	})
	b.fn("relative", func(c *engine.Call) (engine.Value, error) {
		path, err := posix.Relative(directoryArg(c), c.Arg(1).Text(), c.Arg(2).Text())
		return c.String(path), err
	})
}

func bindWin32(b *builder) {
	win32 := nodepath.Win32{}
	bindPathFunctions(b, win32)
	b.fn("resolve", func(c *engine.Call) (engine.Value, error) {
		path, err := win32.Resolve(driveDirectory(c), textArgs(c, 1)...)
		return c.String(path), err
	})
	b.fn("relative", func(c *engine.Call) (engine.Value, error) {
		path, err := win32.Relative(driveDirectory(c), c.Arg(1).Text(), c.Arg(2).Text())
		return c.String(path), err
	})
	b.fn("toNamespacedPath", func(c *engine.Call) (engine.Value, error) {
		path, err := win32.ToNamespacedPath(driveDirectory(c), c.Arg(1).Text())
		return c.String(path), err
	})
}

func bindPathFunctions(b *builder, p pathFunctions) {
	change := func(name string, fn func(string) string) {
		b.fn(name, func(c *engine.Call) (engine.Value, error) { return c.String(fn(c.Arg(0).Text())), nil })
	}
	change("normalize", p.Normalize)
	change("dirname", p.Dirname)
	change("extname", p.Extname)
	b.fn("basename", func(c *engine.Call) (engine.Value, error) {
		return c.String(p.Basename(c.Arg(0).Text(), c.Arg(1).Text())), nil
	})
	b.fn("isAbsolute", func(c *engine.Call) (engine.Value, error) { return c.Bool(p.IsAbsolute(c.Arg(0).Text())), nil })
	b.fn("join", func(c *engine.Call) (engine.Value, error) { return c.String(p.Join(textArgs(c, 0)...)), nil })
	b.fn("parse", func(c *engine.Call) (engine.Value, error) {
		parts := p.Parse(c.Arg(0).Text())
		return stringArray(c.Scope, []string{parts.Root, parts.Dir, parts.Base, parts.Ext, parts.Name}), nil
	})
	b.fn("matchesGlob", func(c *engine.Call) (engine.Value, error) {
		return c.Bool(p.MatchesGlob(c.Arg(0).Text(), c.Arg(1).Text())), nil
	})
}

// textArgs returns the arguments from index from on.
func textArgs(c *engine.Call, from int) []string {
	all := make([]string, 0, max(0, c.Len()-from))
	for i := from; i < c.Len(); i++ {
		all = append(all, c.Arg(i).Text())
	}
	return all
}

// directoryArg returns a function that calls process.cwd, the first argument, which a script may
// have replaced.
func directoryArg(c *engine.Call) func() (string, error) {
	return func() (string, error) {
		dir, err := c.Arg(0).Call(c.Undefined())
		return dir.Text(), err
	}
}

// driveDirectory is directoryArg for paths with drives: an environment variable has the current
// directory of each drive.
func driveDirectory(c *engine.Call) func(string) (string, error) {
	return func(device string) (string, error) {
		if dir := os.Getenv("=" + device); device != "" && dir != "" {
			return dir, nil
		}
		return directoryArg(c)()
	}
}
