package engine

import js "modernc.org/libquickjs"

// ModuleStatus is the state of a module.
type ModuleStatus int

// The states of modules, in their order.
const (
	ModuleUnknown    ModuleStatus = iota - 1 // not loaded
	ModuleUnlinked                           // compiled
	ModuleLinking                            // its imports are being resolved
	ModuleLinked                             // ready to run
	ModuleEvaluating                         // running
	// waiting for an await, or for a module that waits
	ModuleEvaluatingAsync
	ModuleEvaluated // finished, or failed
)

// remember keeps a module by its name.
func (s *Scope) remember(name string, definition uintptr) {
	v := js.TJSValue{Ftag: js.EJS_TAG_MODULE}
	v.Fu.Fuint641 = uint64(definition)
	e := s.e
	if old, ok := e.namedModules[name]; ok {
		e.Release(&old)
	}
	e.namedModules[name] = s.value(v).Keep()
}

// moduleNamed returns the address of the definition of a loaded module, 0 if there is none.
func (s *Scope) moduleNamed(name string) uintptr {
	k, ok := s.e.namedModules[name]
	if !ok {
		return 0
	}
	return uintptr(s.Kept(k).v.Fu.Fuint641)
}

// ModuleStatus returns the state of the module of a name.
func (s *Scope) ModuleStatus(name string) ModuleStatus {
	m := s.moduleNamed(name)
	if m == 0 {
		return ModuleUnknown
	}
	return statusOf(m)
}

// A module's bit fields are bytes: whether it has a top-level await, whether it is resolved,
// whether its function is made, and its state.
const (
	awaitByte = 0 // bits to shift
	stateByte = 24
)

func statusOf(m uintptr) ModuleStatus {
	return ModuleStatus(pointerAt[js.TJSModuleDef](m).F__ccgo144 >> stateByte)
}

// Namespace returns the namespace of a module that has been evaluated or is being evaluated. ok is
// false if there is no module of that name.
func (s *Scope) Namespace(name string) (v Value, ok bool, err error) {
	m := s.moduleNamed(name)
	if m == 0 {
		return s.Undefined(), false, nil
	}
	v, err = s.made(js.XJS_GetModuleNamespace(s.e.tls, s.e.ctx, m))
	return v, err == nil, err
}

// Evaluating reports whether a module is running.
func (s *Scope) Evaluating() bool {
	for name := range s.e.namedModules {
		if s.ModuleStatus(name) == ModuleEvaluating {
			return true
		}
	}
	return false
}

// Importer returns the name of a running module that imports the module of a name, "" if there is
// none.
func (s *Scope) Importer(name string) (importer string) {
	m, last := s.moduleNamed(name), -1
	for other := range s.e.namedModules {
		def := pointerAt[js.TJSModuleDef](s.moduleNamed(other))
		if s.ModuleStatus(other) != ModuleEvaluating || int(def.Fdfs_index) <= last {
			continue
		}
		for i := range int(def.Freq_module_entries_count) {
			if pointerAt[js.TJSReqModuleEntry](def.Freq_module_entries+uintptr(i)*reqModuleSize).Fmodule == m {
				importer, last = other, int(def.Fdfs_index)
			}
		}
	}
	return importer
}

// Cycle searches the imports of a module, and their imports, for a module that is running: the
// engine cannot wait for it. It returns the names of that module and of its importer. ok is false
// if there is none.
func (s *Scope) Cycle(name string) (running, importer string, ok bool) {
	e := s.e
	seen := map[uintptr]bool{}
	var look func(m uintptr) bool
	look = func(m uintptr) bool {
		seen[m] = true
		def := pointerAt[js.TJSModuleDef](m)
		for i := range int(def.Freq_module_entries_count) {
			to := pointerAt[js.TJSReqModuleEntry](def.Freq_module_entries + uintptr(i)*reqModuleSize).Fmodule
			if to == 0 || seen[to] {
				continue
			}
			switch statusOf(to) {
			case ModuleEvaluating:
				running = s.must(js.XJS_AtomToString(e.tls, e.ctx, pointerAt[js.TJSModuleDef](to).Fmodule_name)).Text()
				importer = s.must(js.XJS_AtomToString(e.tls, e.ctx, def.Fmodule_name)).Text()
				return true
			case ModuleEvaluated, ModuleEvaluatingAsync:
				continue
			}
			if look(to) {
				return true
			}
		}
		return false
	}
	m := s.moduleNamed(name)
	return running, importer, m != 0 && look(m)
}

// HasAwait reports whether the module of a name, or one of its imports, has a top-level await.
func (s *Scope) HasAwait(name string) bool {
	seen := map[uintptr]bool{}
	var look func(m uintptr) bool
	look = func(m uintptr) bool {
		seen[m] = true
		def := pointerAt[js.TJSModuleDef](m)
		if def.F__ccgo144>>awaitByte&0xff != 0 {
			return true
		}
		for i := range int(def.Freq_module_entries_count) {
			to := pointerAt[js.TJSReqModuleEntry](def.Freq_module_entries + uintptr(i)*reqModuleSize).Fmodule
			if to != 0 && !seen[to] && look(to) {
				return true
			}
		}
		return false
	}
	m := s.moduleNamed(name)
	return m != 0 && look(m)
}
