package host

import (
	"fmt"

	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/nodetext"
)

// builder fills the object by which the library in JavaScript calls a part of Go.
type builder struct {
	h      *Host
	s      *engine.Scope
	object engine.Value
	err    error
}

// bindings are the parts of Go that the library can ask for, by internalBinding(name). Some of them load modules of the library, which asks for
// others: that is why init fills it.
var bindings map[string]func(*builder)

func init() {
	bindings = map[string]func(*builder){
		"buffer":        bindBuffer,
		"child":         bindChild,
		"command":       bindCommand,
		"crypto":        bindCrypto,
		"dns":           bindDNS,
		"encoding":      bindEncoding,
		"errno":         bindErrno,
		"files":         bindFiles,
		"host":          bindHost,
		"http":          bindHTTP,
		"inside":        bindInside,
		"intl":          bindIntl,
		"jobs":          bindJobs,
		"messages":      bindMessages,
		"modules":       bindModules,
		"net":           bindNet,
		"os":            bindOS,
		"path":          bindPath,
		"process":       bindProcess,
		"serdes":        bindSerdes,
		"signals":       bindSignals,
		"source":        bindSource,
		"stdio":         bindStdio,
		"stringDecoder": bindStringDecoder,
		"timers":        bindTimers,
		"udp":           bindUDP,
		"url":           bindURL,
		"vm":            bindVM,
		"zlib":          bindZlib,
	}
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

// inner returns a builder of an object that is a value of this one.
func (b *builder) inner(name string) *builder {
	object := b.s.Object()
	b.value(name, object)
	return &builder{h: b.h, s: b.s, object: object}
}

// binding is internalBinding of the library.
func (h *Host) binding(c *engine.Call) (engine.Value, error) {
	name := c.Arg(0).Text()
	fill := bindings[name]
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

// stringsOf returns the strings of an array.
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
