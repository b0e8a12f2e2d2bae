package host

import (
	"fmt"
	"os"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/lib"
	"github.com/brood-go/brood/script/nodetext"
)

// boot runs the library's first module, which makes the globals and sets the hooks.
func (h *Host) boot(s *engine.Scope) error {
	_, err := h.requireLibrary(s, "internal/bootstrap")
	return err
}

// requireLibrary returns the exports of a module of the library, which runs on the first call.
func (h *Host) requireLibrary(s *engine.Scope, name string) (engine.Value, error) {
	module, ok := h.loaded[name]
	if ok {
		return s.Kept(module).Get("exports")
	}
	code := lib.Module(name)
	if code == "" {
		return s.Undefined(), fmt.Errorf("the library has no module %q", name)
	}
	fn, err := s.RunConstant(code)
	if err != nil {
		return s.Undefined(), err
	}
	exports, m := s.Object(), s.Object()
	if err := m.Set("exports", exports); err != nil {
		return s.Undefined(), err
	}
	h.loaded[name] = m.Keep()
	if err := h.makeLibraryFunctions(s); err != nil {
		return s.Undefined(), err
	}
	require, binding := s.Kept(h.hooks["require"]), s.Kept(h.hooks["binding"])
	if _, err := fn.Call(exports, exports, require, m, binding); err != nil {
		k := h.loaded[name]
		h.engine.Release(&k)
		delete(h.loaded, name)
		return s.Undefined(), err
	}
	return m.Get("exports")
}

// makeLibraryFunctions makes, once, the functions require and internalBinding that each module of
// the library gets.
func (h *Host) makeLibraryFunctions(s *engine.Scope) error {
	if _, ok := h.hooks["require"]; ok {
		return nil
	}
	h.hooks["require"] = s.Function("require", func(c *engine.Call) (engine.Value, error) {
		return h.requireLibrary(c.Scope, c.Arg(0).Text())
	}).Keep()
	objects := map[string]engine.Kept{}
	h.hooks["binding"] = s.Function("internalBinding", func(c *engine.Call) (engine.Value, error) {
		name := c.Arg(0).Text()
		if k, ok := objects[name]; ok {
			return c.Kept(k), nil
		}
		object, err := h.binding(c)
		if err == nil {
			objects[name] = object.Keep()
		}
		return object, err
	}).Keep()
	return nil
}

// bindHost gives the library the functions and values of the host itself.
func bindHost(b *builder) {
	h := b.h
	b.fn("setHook", func(c *engine.Call) (engine.Value, error) {
		name := c.Arg(0).Text()
		if old, ok := h.hooks[name]; ok {
			h.engine.Release(&old)
		}
		h.hooks[name] = c.Arg(1).Keep()
		h.contexts = h.contexts || name == "bindContext"
		return c.Undefined(), nil
	})
	b.fn("collect", func(c *engine.Call) (engine.Value, error) {
		h.engine.Collect()
		return c.Undefined(), nil
	})
	b.fn("reallyExit", func(c *engine.Call) (engine.Value, error) {
		h.exit(int(c.Arg(0).Int()) & 0xff)
		return c.Undefined(), nil
	})
	b.fn("report", func(c *engine.Call) (engine.Value, error) {
		h.reportText(nodetext.WellFormed(c.Arg(0).Text()))
		return c.Undefined(), nil
	})
	b.fn("hasLibrary", func(c *engine.Call) (engine.Value, error) {
		return c.Bool(lib.Module(c.Arg(0).Text()) != ""), nil
	})
	bindSleep(b)
	bindEmit(b)
	bindTicks(b)
	b.fn("active", h.activeResources)
	b.value("argv", stringArray(b.s, append([]string{h.o.ExecPath}, h.o.Args...)))
	b.value("execArgv", stringArray(b.s, h.o.ExecArgv))
	b.value("flags", stringArray(b.s, h.o.Flags))
	b.value("argv0", b.s.String(h.o.Argv0))
	b.value("nodeVersion", b.s.String(NodeVersion))
	b.value("execPath", b.s.String(h.o.ExecPath))
	_, isWorker := os.LookupEnv("NODE_UNIQUE_ID")
	b.value("isForked", b.s.Bool(os.Getenv("NODE_CHANNEL_FD") != ""))
	b.value("isWorker", b.s.Bool(isWorker))
	b.value("exposeInternals", b.s.Bool(h.o.ExposeInternals))
}
