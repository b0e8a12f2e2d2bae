package host

import (
	"fmt"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
)

// builder fills the object through which the library in JavaScript calls a part of Go. It is used
// during one call and keeps the first error. The functions run on the loop goroutine.
type builder struct {
	h      *Host
	s      *engine.Scope
	object engine.Value
	err    error
}

// bindings returns the function that fills the object of internalBinding(name), nil if there is
// none.
func bindings(name string) func(*builder) {
	switch name {
	case "buffer":
		return bindBuffer
	case "child":
		return bindChild
	case "command":
		return bindCommand
	case "crypto":
		return bindCrypto
	case "dns":
		return bindDNS
	case "encoding":
		return bindEncoding
	case "errno":
		return bindErrno
	case "files":
		return bindFiles
	case "host":
		return bindHost
	case "http":
		return bindHTTP
	case "inside":
		return bindInside
	case "intl":
		return bindIntl
	case "jobs":
		return bindJobs
	case "messages":
		return bindMessages
	case "modules":
		return bindModules
	case "net":
		return bindNet
	case "os":
		return bindOS
	case "path":
		return bindPath
	case "process":
		return bindProcess
	case "serdes":
		return bindSerdes
	case "signals":
		return bindSignals
	case "source":
		return bindSource
	case "stdio":
		return bindStdio
	case "stringDecoder":
		return bindStringDecoder
	case "timers":
		return bindTimers
	case "udp":
		return bindUDP
	case "url":
		return bindURL
	case "vm":
		return bindVM
	case "zlib":
		return bindZlib
	}
	return nil
}

// fn adds a function.
func (b *builder) fn(name string, fn engine.Func) {
	b.value(name, b.s.Function(name, fn))
}

// value adds a value.
func (b *builder) value(name string, v engine.Value) {
	if err := b.object.Set(name, v); err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", name, err)
	}
}

// inner adds an object, which fill fills.
func (b *builder) inner(name string, fill func(*builder)) {
	inner := &builder{h: b.h, s: b.s, object: b.s.Object()}
	fill(inner)
	if inner.err != nil && b.err == nil {
		b.err = fmt.Errorf("%s: %w", name, inner.err)
	}
	b.value(name, inner.object)
}

// binding is the library's internalBinding(name).
func (h *Host) binding(c *engine.Call) (engine.Value, error) {
	name := c.Arg(0).Text()
	fill := bindings(name)
	if fill == nil {
		return c.Undefined(), fmt.Errorf("no binding %q", name)
	}
	b := &builder{h: h, s: c.Scope, object: c.Object()}
	fill(b)
	return b.object, b.err
}

// stringArray returns an array of strings.
func stringArray(s *engine.Scope, of []string) engine.Value {
	all := make([]engine.Value, len(of))
	for i, text := range of {
		all[i] = s.String(text)
	}
	return s.Array(all...)
}

// stringsOf converts the elements of an array to well-formed strings.
func stringsOf(v engine.Value) ([]string, error) {
	n, err := v.Len()
	all := make([]string, 0, n)
	for i := 0; i < n && err == nil; i++ {
		var one engine.Value
		if one, err = v.Index(i); err == nil {
			var text string
			text, err = one.Convert()
			all = append(all, nodetext.WellFormed(text))
		}
	}
	return all, err
}
