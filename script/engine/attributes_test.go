package engine_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/engine"
)

// Resolve gets the attribute of each import, also of a module that is already loaded.
func TestResolveGetsTheAttributeOfEachImport(t *testing.T) {
	var told []string
	sources := map[string]string{
		"a": `import 'x' with { type: 'one' }; import 'y'; import 'x' with { type: 'two' };`,
		"b": `import 'a'; import 'y' with { type: 'three' };
			export const done = (async () => {
				await import('x');
				const p = import('x', { with: { type: 'four' } }), q = import('y'), r = import('y', { with: { type: 'five' } });
				await Promise.all([p, q, r]);
				await import('x', { with: {} });
			})();`,
		"x": `export {}`, "y": `import 'x'`,
	}
	e, err := engine.New(&engine.Options{
		Resolve: func(_ *engine.Scope, base, specifier, kind string) (string, error) {
			told = append(told, base+" "+specifier+" "+kind)
			return specifier, nil
		},
		Load: func(_ *engine.Scope, name, _ string) (*engine.Module, error) {
			return &engine.Module{Source: sources[name]}, nil
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, e.Close()) }()
	require.NoError(t, e.Do(func(s *engine.Scope) error {
		_, err := s.EvalModule("main", "import 'b'")
		return err
	}))
	require.NoError(t, e.RunJobs())
	require.Equal(t, []string{
		"main b ", "b a ", "a x one", "a y ", "y x ", "a x two", "b y three",
		"b x ", "b x four", "b y ", "b y five", "b x ",
	}, told)
}

func TestImportCallsHaveTheirAttributeAfterAPanic(t *testing.T) {
	var kinds []string
	e := newEngine(t, &engine.Options{
		Resolve: func(_ *engine.Scope, _, specifier, kind string) (string, error) {
			if specifier == "boom" {
				panic("boom")
			}
			kinds = append(kinds, kind)
			return specifier, nil
		},
		Load: func(*engine.Scope, string, string) (*engine.Module, error) {
			return &engine.Module{Source: "export {}"}, nil
		},
	})
	require.PanicsWithValue(t, "boom", func() {
		_ = e.Do(func(s *engine.Scope) error { _, err := s.CompileModule("m", "import 'boom'"); return err })
	})
	require.Equal(t, "1", eval(t, e, "import('x', { with: { type: 'one' } }), 1"))
	require.NoError(t, e.RunJobs())
	require.Equal(t, []string{"one"}, kinds)
}
