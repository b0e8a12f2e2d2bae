package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// The calls that an event consists of do not allocate in Go.
func TestCallsDoNotAllocate(t *testing.T) {
	e := newEngine(t, nil)
	var call, callback engine.Kept
	do(t, e, func(s *engine.Scope) {
		require.NoError(t, s.Global().Set("nothing", s.Function("nothing", func(c *engine.Call) (engine.Value, error) { return c.Arg(0), nil })))
		v, err := s.Eval("t.js", "(a, b) => a + b")
		require.NoError(t, err)
		call = v.Keep()
		v, err = s.Eval("t.js", "(n) => { while (n-- > 0) nothing(n); }")
		require.NoError(t, err)
		callback = v.Keep()
	})
	text := []byte(`{"n":100,"s":"the quick brown fox","list":[1.5,true,{"a":"\n"}]}`)
	buffer := make([]byte, 0, 128)
	for name, fn := range map[string]func(s *engine.Scope) error{
		"Call": func(s *engine.Scope) error {
			_, err := s.Kept(call).Call(s.Undefined(), s.Int(1), s.Int(2))
			return err
		},
		"Func": func(s *engine.Scope) error {
			_, err := s.Kept(callback).Call(s.Undefined(), s.Int(100))
			return err
		},
		"PlainJSON": func(s *engine.Scope) error {
			v, ok := s.PlainJSON(text)
			if _, written := v.AppendPlainJSON(buffer); !ok || !written {
				t.Fatal("it is not plain")
			}
			return nil
		},
	} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := e.Do(fn); err != nil {
				t.Fatal(err)
			}
		}), name)
	}
}
