package wtf8_test

import (
	"slices"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/wtf8"
)

// units returns the UTF-16 units of s.
func units(s string) (list []uint16) {
	for len(s) > 0 {
		r, size := wtf8.DecodeRune(s)
		if utf16.IsSurrogate(r) {
			list = append(list, uint16(r))
		} else {
			list = utf16.AppendRune(list, r)
		}
		s = s[size:]
	}
	return list
}

// text returns the string that has these UTF-16 units.
func text(list []uint16) string {
	var p []byte
	for i := 0; i < len(list); i++ {
		r := rune(list[i])
		if i+1 < len(list) {
			if pair := utf16.DecodeRune(r, rune(list[i+1])); pair != utf8.RuneError {
				r = pair
				i++
			}
		}
		p = wtf8.AppendRune(p, r)
	}
	return string(p)
}

func TestEveryUnitComesBack(t *testing.T) {
	for unit := range 1 << 16 {
		s := text([]uint16{uint16(unit)})
		back := slices.Equal(units(s), []uint16{uint16(unit)})
		if !back || !wtf8.Valid(s) || utf8.ValidString(s) == utf16.IsSurrogate(rune(unit)) {
			require.Fail(t, "not the same", "%x", unit)
		}
	}
}

func TestAStringHasOneForm(t *testing.T) {
	for s, valid := range map[string]bool{
		"": true, "é😀": true, "\xed\xa0\x80": true, "\xed\xb0\x80\xed\xa0\x80": true, "\xed\xa0\x80é\xed\xb0\x80": true,
		"\xed\xa0\x80\xed\xb0\x80": false, "\xff": false, "\xed\xa0": false, "\xed\xc0\x80": false, "\ufffd": true,
	} {
		require.Equal(t, valid, wtf8.Valid(s), "%q", s)
	}
}

// A string is WTF-8 if and only if text returns it for its units.
func FuzzValid(f *testing.F) {
	f.Add("a\xed\xa0\x80\xed\xb0\x80\xff")
	f.Fuzz(func(t *testing.T, s string) {
		require.Equal(t, wtf8.Valid(s), text(units(s)) == s)
	})
}
