package nodetext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

var encodings = []streams.Encoding{
	streams.UTF8, streams.UTF16LE, streams.Latin1, streams.ASCII, streams.Hex, streams.Base64, streams.Base64URL,
}

const (
	lonely = "\xED\xA0\xBD" // the first half of a pair
	broken = "\uFFFD"
)

func TestTextIsEncodedAndDecoded(t *testing.T) {
	for _, c := range []struct {
		name        string
		encoding    streams.Encoding
		text        string
		bytes, back string
	}{
		{"UTF-8", streams.UTF8, "aé€😀", "aé€😀", "aé€😀"},
		{"UTF-8 with half a pair", streams.UTF8, "a" + lonely + "b", "a" + broken + "b", "a" + broken + "b"},
		{"UTF-8 with a character beside the halves", streams.UTF8, "\uD7FF", "\uD7FF", "\uD7FF"},
		{"UTF-16", streams.UTF16LE, "a😀", "a\x00\x3D\xD8\x00\xDE", "a😀"},
		{"UTF-16 with half a pair", streams.UTF16LE, lonely, "\x3D\xD8", lonely},
		{"Latin-1", streams.Latin1, "aé€", "a\xE9\xAC", "aé¬"},
		{"ASCII", streams.ASCII, "aé", "a\xE9", "ai"},
		{"hexadecimal digits", streams.Hex, "6aFfzz00", "\x6A\xFF", "6aff"},
		{"half a byte of digits", streams.Hex, "6a7", "\x6A", "6a"},
		{"base64", streams.Base64, "aGk=", "hi", "aGk="},
		{"base64 that ends early", streams.Base64, "aG k=zz", "hi", "aGk="},
		{"base64 with one digit too many", streams.Base64, "aGkAa", "hi\x00", "aGkA"},
		{"base64 for URLs", streams.Base64URL, "_-8", "\xFF\xEF", "_-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Equal(t, c.bytes, string(nodetext.Encode(c.text, c.encoding)))
			require.Equal(t, c.back, nodetext.Decode([]byte(c.bytes), c.encoding))
		})
	}
}

func TestWriteTakesWholeCharactersAlone(t *testing.T) {
	for _, c := range []struct {
		encoding streams.Encoding
		text     string
		room     int
		want     string
	}{
		{streams.UTF8, "a€b", 3, "a"},
		{streams.UTF8, "a€b", 4, "a€"},
		{streams.UTF8, lonely, 3, broken},
		{streams.UTF16LE, "ab", 3, "a\x00"},
		{streams.UTF16LE, "a", 1, ""},
		{streams.Latin1, "éa", 1, "\xE9"},
		{streams.Hex, "616263", 2, "ab"},
		{streams.Base64, "YWJj", 2, "ab"},
		{streams.Base64, "YWI=", 1, "a"},
	} {
		dst := make([]byte, c.room)
		n := nodetext.Write(dst, c.text, c.encoding)
		require.Equal(t, c.want, string(dst[:n]), "%+v", c)
	}
}

func TestUnitsAreThoseOfUTF16(t *testing.T) {
	require.Equal(t, 5, nodetext.Length("a€😀"+lonely))
	require.Equal(t, "a\uD7FF😀", nodetext.WellFormed("a\uD7FF😀"))
	require.Equal(t, "a\uFFFD", nodetext.WellFormed("a"+lonely))
}

// Write writes a prefix of Encode's result that fits, and nothing beyond it.
func FuzzWriteIsTheBeginningOfEncode(f *testing.F) {
	f.Add("a€😀"+lonely, 5, 0)
	f.Add("616_", 1, 4)
	f.Fuzz(func(t *testing.T, text string, room, encoding int) {
		e := encodings[uint(encoding)%uint(len(encodings))]
		// The engine's text is UTF-8 except for lone halves of pairs.
		text = nodetext.Decode([]byte(text), streams.UTF8)
		dst := make([]byte, uint(room)%100)
		n := nodetext.Write(dst, text, e)
		whole := nodetext.Encode(text, e)
		require.LessOrEqual(t, n, len(whole))
		require.Equal(t, whole[:n], dst[:n:n][:n])
		if len(whole) <= len(dst) {
			require.Equal(t, len(whole), n)
		}
	})
}

func TestWellFormed(t *testing.T) {
	require.Equal(t, "a\uFFFDb\uFFFD\uD7FF", nodetext.WellFormed("a\xED\xA0\x80b\xED\xBF\xBF\uD7FF"))
	require.Equal(t, "a😀", nodetext.WellFormed("a😀"))
}
