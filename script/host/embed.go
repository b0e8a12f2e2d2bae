package host

import (
	"path/filepath"

	"github.com/brood-go/brood/script/engine"
)

// Require returns what require(name) returns in a script in the working directory: the exports of a
// module, which runs on the first call. A file's name begins with "./" or "/", as in require.
func (h *Host) Require(s *engine.Scope, name string) (engine.Value, error) {
	dir, err := workingDirectory()
	if err != nil {
		return s.Undefined(), err
	}
	cjs, err := h.requireLibrary(s, "internal/cjs")
	if err != nil {
		return s.Undefined(), err
	}
	module, err := cjs.Get("Module")
	if err != nil {
		return s.Undefined(), err
	}
	require, err := module.Invoke("createRequire", s.String(filepath.Join(dir, "[require]")))
	if err != nil {
		return s.Undefined(), err
	}
	return require.Call(s.Undefined(), s.String(name))
}

// Await calls done when the promise v is settled: with its value, or with the exception that it was
// rejected with. If v is not a promise, it counts as one that is fulfilled with v. done runs later
// on the loop, in a scope of its own. If the script ends first, done does not run.
func (h *Host) Await(v engine.Value, done func(s *engine.Scope, v engine.Value, err error)) error {
	s := v.Scope()
	promise, resolve, _ := s.Promise()
	if _, err := resolve.Call(s.Undefined(), v); err != nil {
		return err
	}
	_, err := promise.Invoke("then", s.Closure(func(c *engine.Call) (engine.Value, error) {
		done(c.Scope, c.Arg(0), nil)
		return c.Undefined(), nil
	}), s.Closure(func(c *engine.Call) (engine.Value, error) {
		done(c.Scope, c.Undefined(), c.Thrown(c.Arg(0)))
		return c.Undefined(), nil
	}))
	return err
}
