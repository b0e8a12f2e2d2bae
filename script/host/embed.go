package host

import (
	"path/filepath"

	"github.com/brood-go/brood/script/engine"
)

// Require returns what require(name) would in a script in the working directory: the exports of a
// module, which runs when it is first asked for. A file is named as in require, with "./" or "/" in
// front.
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

// Await calls done when a promise is settled: with its value, or with the exception that it was
// rejected with. A value that is no promise counts as one that has it. done runs later, on the
// loop, in a scope of its own; if the script ends before the promise is settled, it does not run.
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
