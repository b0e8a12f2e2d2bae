package typescript_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/script/typescript"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

func TestTypesAreLeftOut(t *testing.T) {
	s, err := typescript.Strip("a.ts",
		"interface A { b: number }\nimport type { C } from './c.ts';\nconst d: A = { b: 1 } as A;\nexport { d };\n")
	require.NoError(t, err)
	require.NotContains(t, s.Code, "interface")
	require.NotContains(t, s.Code, "./c.ts")
	require.NotContains(t, s.Code, " as ")
}

func TestPlacesAreThoseOfTheSource(t *testing.T) {
	s, err := typescript.Strip("a.ts",
		"interface A {\n  b: number;\n}\n\nfunction f(a: A): void {\n  throw new Error('x');\n}\nf({ b: 1 });\n")
	require.NoError(t, err)
	for i, line := range strings.Split(s.Code, "\n") {
		if at := strings.Index(line, "throw"); at >= 0 {
			sourceLine, sourceColumn := s.Place(i+1, at+1)
			require.Equal(t, []int{6, 3}, []int{sourceLine, sourceColumn}, s.Code)
		}
	}
}

func TestAnErrorHasItsPlace(t *testing.T) {
	_, err := typescript.Strip("a.ts", "const a: number = ;\n")
	e, ok := errors.AsType[*typescript.Error](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, []int{1, 19}, []int{e.Line, e.Column})
	require.Equal(t, "a.ts", e.File)
}

func TestJSXIsRefused(t *testing.T) {
	_, err := typescript.Strip("a.ts", "const a = <div>x</div>;\n")
	require.Error(t, err)
}

func TestUnsupportedSyntaxIsLowered(t *testing.T) {
	for source, want := range map[string]bool{
		"using a = b": true, "await using a = b": true, "for (using a of b);": true, "for await (const a of b);": true,
		"for\nawait (a of b);": true, "// using a map\nusing.x = 1; using = 2; await f()": false,
		"for (const a of await b);": false, "using\na = b": false, "using == a": false,
	} {
		require.Equal(t, want, typescript.NeedsLowering(source), source)
	}
	s, err := typescript.Lower("a.js", "function f() {\n  using a = b;\n  throw 1;\n}\nasync () => { for await (const x of y); };\nconst keep = async function* () { yield 1n ?? 2; };\n")
	require.NoError(t, err)
	require.False(t, typescript.NeedsLowering(s.Code), s.Code)
	require.Contains(t, s.Code, "async function* ()", "the rest stays")
	s, err = typescript.Strip("a.ts", "{ using a: any = b; }")
	require.NoError(t, err)
	require.False(t, typescript.NeedsLowering(s.Code), s.Code)
}
