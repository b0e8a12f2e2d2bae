package host_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/engine"
	"github.com/brood-go/brood/script/host"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// runScript runs a script until it waits for nothing more, and returns its global variable result.
func runScript(t *testing.T, source string) (result string) {
	t.Helper()
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	require.NoError(t, h.MainText(source, nil), source)
	require.NoError(t, loop.Run())
	require.NoError(t, h.Do(func(s *engine.Scope) error {
		v, err := s.Global().Get("result")
		result = v.Text()
		return err
	}), source)
	return result
}

// example is an expression, and the JSON of its value, or the name, code and message of its
// exception.
type example struct{ expression, want string }

// requireExamples evaluates each expression after the code beginning.
func requireExamples(t *testing.T, beginning string, examples []example) {
	t.Helper()
	var source strings.Builder
	source.WriteString(beginning + "\nconst results = [];\n")
	for _, e := range examples {
		source.WriteString(fmt.Sprintf("try { results.push(JSON.stringify(%s)); } catch (e) { results.push(`${e.name} ${e.code}: ${e.message}`); }\n", e.expression))
	}
	got := runScript(t, "{\n"+source.String()+"result = results.map((one) => one + '\\0').join('');\n}")
	for _, e := range examples {
		var one string
		for i := range len(got) {
			if got[i] == 0 {
				one, got = got[:i], got[i+1:]
				break
			}
		}
		require.Equal(t, e.want, one, e.expression)
	}
	require.Empty(t, got)
}
