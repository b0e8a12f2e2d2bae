package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

func TestClosuresAreReleasedWithTheirFunctions(t *testing.T) {
	e := newEngine(t, nil)
	for i := range 40_000 { // more than Function can make
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
