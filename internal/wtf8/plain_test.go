package wtf8_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/wtf8"
)

// Each byte at each place of strings up to some words long, with a byte behind it that borrows.
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
				if got := wtf8.PlainEnd(p, at/2); got != want {
					require.Equal(t, want, got, "%q from %d", p, at/2)
				}
			}
		}
	}
}
