package wtf8_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/wtf8"
)

func TestAStringIsQuotedAsStringifyDoes(t *testing.T) {
	for s, want := range map[string]string{
		"":                            `""`,
		"<a> & é😀\u2028":              "\"<a> & é😀\u2028\"",
		"\"\\/\b\f\n\r\t\x00\x1f\x7f": `"\"\\/\b\f\n\r\t\u0000\u001f` + "\x7f\"",
		"\xed\xa0\x80\xed\xbf\xbf":    `"\ud800\udfff"`,
		"\xff\xe2\x82\xf0\x9f\x98x":   "\"\ufffd\ufffd\ufffdx\"",
		"\xed\xa0x":                   "\"\ufffd\ufffdx\"",
	} {
		require.Equal(t, "-"+want, string(wtf8.AppendQuoted([]byte("-"), s)), "%q", s)
	}
}

// A reader of JSON that knows halves of pairs gets the quoted text back.
func FuzzAppendQuoted(f *testing.F) {
	f.Add("a\"\xed\xa0\x80\n\xff")
	f.Fuzz(func(t *testing.T, s string) {
		p := wtf8.AppendQuoted(nil, s)
		require.True(t, utf8.Valid(p))
		var back string
		require.NoError(t, json.Unmarshal(p, &back), "%q", p)
		if utf8.ValidString(s) {
			require.Equal(t, s, back)
		}
	})
}
