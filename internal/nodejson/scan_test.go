package nodejson_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/nodejson"
)

// Numbers of every length are read as strconv reads them, to the bit, which is the nearest float64.
func TestNumbersAreReadToTheBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`-?(0|[1-9][0-9]{0,19})(\.[0-9]{1,19})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		want, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		v, err := nodejson.Value([]byte(text))
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(want), math.Float64bits(v.(float64)), text)
		var f float64
		require.NoError(t, nodejson.Decode([]byte(text), &f))
		require.Equal(t, math.Float64bits(want), math.Float64bits(f), text)
	})
}
