package engine

import (
	"modernc.org/libc"
	js "modernc.org/libquickjs"
)

// attributes has the import attribute "type" of imports that the engine is about to resolve. The
// engine passes it to the loader only, which it does not call for a module that it has.
type attributes struct {
	seen bool // an import has had attributes; while false, none is looked for
	// sources that are being compiled; > 0: onAttributes gets those of import declarations
	reading int
	// types of import() calls, by the number of the job that resolves the call
	calls map[int64]string
}

// onAttributes is called by the engine for each import with attributes: for a declaration when its
// source is compiled, for import() when it is called.
func (e *Engine) onAttributes(_ *libc.TLS, _, _ uintptr, given js.TJSValue) (n int32) {
	n = -1
	e.guard(func(s *Scope) error {
		e.attributes.seen = true
		if e.o.Attributes != nil {
			if err := e.o.Attributes(s, s.value(given)); err != nil {
				return err
			}
		}
		if e.attributes.reading == 0 {
			kind, err := s.kindOf(given)
			if err != nil {
				return err
			}
			if e.attributes.calls == nil {
				e.attributes.calls = map[int64]string{}
			}
			e.attributes.calls[e.Queued()] = kind // The engine queues the job next.
		}
		n = 0
		return nil
	})
	return n
}

// kindOf returns the import attribute "type", empty if there is none.
func (s *Scope) kindOf(given js.TJSValue) (string, error) {
	v := s.value(given)
	if !v.IsObject() {
		return "", nil
	}
	kind, err := v.Get("type")
	return kind.Text(), err
}

// importKind returns the import attribute "type" of the import that the engine is resolving:
// specifier, in the module or script named base.
func (s *Scope) importKind(ctx uintptr, base, specifier string) (string, error) {
	a := &s.e.attributes
	if !a.seen {
		return "", nil
	}
	if given, ok := s.declared(ctx, base, specifier); ok {
		return s.kindOf(given)
	}
	job := s.e.jobs.ran - 1
	kind := a.calls[job]
	delete(a.calls, job)
	return kind, nil
}

// declared returns the attributes of the import declaration that is being resolved: the first of
// its module without a module. It begins with the module that was made last, because that one is
// the most likely.
func (s *Scope) declared(ctx uintptr, base, specifier string) (given js.TJSValue, ok bool) {
	list := ctx + loadedOffset
	for link := *pointerAt[uintptr](list + prevOffset); link != list; link = *pointerAt[uintptr](link + prevOffset) {
		def := pointerAt[js.TJSModuleDef](link - moduleLinkOffset)
		if statusOf(link-moduleLinkOffset) != ModuleUnlinked {
			continue
		}
		for i := range uintptr(def.Freq_module_entries_count) {
			entry := pointerAt[js.TJSReqModuleEntry](def.Freq_module_entries + i*reqModuleSize)
			if entry.Fmodule != 0 {
				continue
			}
			if s.atomIs(entry.Fmodule_name, specifier) && s.atomIs(def.Fmodule_name, base) {
				return entry.Fattributes, true
			}
			break
		}
	}
	return given, false
}

// atomIs reports whether an atom of the engine is text.
func (s *Scope) atomIs(atom js.TJSAtom, text string) bool {
	v := s.must(js.XJS_AtomToString(s.e.tls, s.e.ctx, atom))
	return v.Text() == text
}
