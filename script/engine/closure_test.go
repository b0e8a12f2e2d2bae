package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

func TestClosuresAreLetGoWithTheirFunctions(t *testing.T) {
	e := newEngine(t, nil)
	for i := range 40_000 { // more than there can be of Function
		do(t, e, func(s *engine.Scope) {
			f := s.Closure(func(c *engine.Call) (engine.Value, error) { return c.Int(int64(i) + c.Arg(0).Int()), nil })
			v, err := f.Call(s.Undefined(), s.Int(1))
			require.NoError(t, err)
			require.EqualValues(t, i+1, v.Int())
		})
	}
	require.Zero(t, engine.Natives(e))
}

func TestClosuresThatCallEachOtherEnd(t *testing.T) {
	e := newEngine(t, nil)
	err := e.Do(func(s *engine.Scope) error {
		f := s.Closure(func(c *engine.Call) (engine.Value, error) { return c.Arg(0).Call(c.Undefined(), c.Arg(0)) })
		_, err := f.Call(s.Undefined(), f)
		return err
	})
	require.ErrorContains(t, err, "stack overflow")
	require.Equal(t, "3", eval(t, e, "1 + 2"))
}

func TestJSONOfAValue(t *testing.T) {
	e := newEngine(t, nil)
	do(t, e, func(s *engine.Scope) {
		for source, want := range map[string]string{
			`({ a: [1, "\u00fc", null], b: undefined })`: `{"a":[1,"ü",null]}`, `"x"`: `"x"`, `1.5`: `1.5`, `({ toJSON: () => 7 })`: `7`,
		} {
			v, err := s.Eval("t.js", source)
			require.NoError(t, err)
			text, err := v.JSON()
			require.NoError(t, err)
			require.Equal(t, want, text)
		}
		for _, source := range []string{"undefined", "() => 1", "1n", "const a = []; a[0] = a; a", "({ toJSON() { throw 1 } })"} {
			v, err := s.Eval("t.js", source)
			require.NoError(t, err)
			_, err = v.JSON()
			require.Error(t, err, source)
		}
	})
}
