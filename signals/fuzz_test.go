package signals_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/signals"
)

// A text that Parse accepts names a signal of this system, and that signal's name means the same in
// every spelling. A text that it refuses is whole in the error.
func FuzzParse(f *testing.F) {
	f.Fuzz(func(t *testing.T, text string) {
		s, err := signals.Parse(text)
		if err != nil {
			require.Zero(t, s)
			refused, ok := errors.AsType[*signals.ParseError](err)
			require.True(t, ok, "Parse(%q) = %v", text, err)
			require.Equal(t, text, refused.Text)
			require.ErrorIs(t, err, signals.ErrUnknown)
			require.NotEmpty(t, err.Error())
			return
		}
		require.True(t, 0 < s && s <= signals.MaxSignal, "Parse(%q) = %d", text, int(s))

		name := signals.Name(s)
		for _, spelling := range []string{name, strings.ToLower(name), strings.TrimPrefix(name, "SIG"), strings.ToUpper(text)} {
			again, err := signals.Parse(spelling)
			require.NoError(t, err)
			require.Equal(t, s, again, "Parse(%q), after Parse(%q)", spelling, text)
			require.Equal(t, name, signals.Name(again))
		}
	})
}
