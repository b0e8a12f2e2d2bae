package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

func TestPropertiesAreFoundByTheirNames(t *testing.T) {
	e := newEngine(t, nil)
	var a, symbol engine.Name
	do(t, e, func(s *engine.Scope) {
		v, err := s.Eval("t.js", "globalThis.o = { a: 1, [Symbol.iterator]: 2, get 3() { throw new Error('three') } }; Symbol.iterator")
		require.NoError(t, err)
		a, symbol = s.Name("a"), v.Name()
	})
	e.Collect()
	do(t, e, func(s *engine.Scope) {
		o, err := s.Global().Get("o")
		require.NoError(t, err)
		for name, want := range map[engine.Name]string{a: "1", symbol: "2", s.Name("nothing"): "undefined"} {
			v, err := o.Property(name)
			require.NoError(t, err)
			text, err := v.Convert()
			require.NoError(t, err)
			require.Equal(t, want, text)
		}
		_, err = o.Property(s.Name("3"))
		require.ErrorContains(t, err, "three")
		_, err = s.Null().Property(a)
		require.Error(t, err)
		require.Panics(t, func() { _, _ = o.Property(engine.Name{}) })
	})
}
