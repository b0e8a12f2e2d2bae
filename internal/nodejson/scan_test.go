package nodejson_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/brood-go/brood/internal/nodejson"
)

// Each byte at each place of a string of each length up to some words, with one behind it that borrows.
func TestTheEndOfPlainTextIsFoundAtEveryOffset(t *testing.T) {
	isPlain := func(c byte) bool { return ' ' <= c && c < 0x80 && c != '"' && c != '\\' }
	for size := range 40 {
		for at := range size {
			for c := range 256 {
				p := []byte(strings.Repeat("#", size))
				p[at] = byte(c)
				want := size
				if !isPlain(p[at]) {
					want = at
				} else if at+1 < size {
					p[at+1] = 0
					want = at + 1
				}
				if got := nodejson.PlainEnd(p, at/2); got != want {
					require.Equal(t, want, got, "%q from %d", p, at/2)
				}
			}
		}
	}
}

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
		require.NoError(t, nodejson.Unmarshal([]byte(text), &f))
		require.Equal(t, math.Float64bits(want), math.Float64bits(f), text)
	})
}
