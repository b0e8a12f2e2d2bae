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

func TestCellsAreSharedWithTheScript(t *testing.T) {
	e := newEngine(t, nil)
	var cells []uint32
	do(t, e, func(s *engine.Scope) {
		var v engine.Value
		v, cells = s.Cells(3)
		set, err := s.Eval("t.js", "(cells) => { cells[0] = 7; cells[2] = -1; globalThis.read = () => cells.join(); }")
		require.NoError(t, err)
		_, err = set.Call(s.Undefined(), v)
		require.NoError(t, err)
	})
	require.Equal(t, []uint32{7, 0, 1<<32 - 1}, cells)
	cells[1] = 5
	e.Collect()
	require.Equal(t, "7,5,4294967295", eval(t, e, "read()"))
}
