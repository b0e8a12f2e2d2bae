package nodetext_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

// write returns the text of each chunk, and of the end.
func write(e streams.Encoding, chunks ...string) (texts []string) {
	d := nodetext.Decoder{Encoding: e}
	for _, chunk := range chunks {
		texts = append(texts, d.Write([]byte(chunk)))
	}
	return append(texts, d.End())
}

func TestAnIncompleteCharacterWaitsForTheNextChunk(t *testing.T) {
	require.Equal(t, []string{"", "€A", ""}, write(streams.UTF8, "\xE2\x82", "\xACA"))
	require.Equal(t, []string{"", broken + "A", ""}, write(streams.UTF8, "\xF0\x9F", "A"))
	require.Equal(t, []string{"", broken + broken, broken}, write(streams.UTF8, "\xF6\x9B", "\xD1"))
	require.Equal(t, []string{"", "", "😀", ""}, write(streams.UTF16LE, "\x3D\xD8", "\x00", "\xDE"))
	require.Equal(t, []string{lonely, ""}, write(streams.UTF16LE, "\x3D\xD8\x00"))
	require.Equal(t, []string{"", "AQID", "BA=="}, write(streams.Base64, "\x01", "\x02\x03\x04"))
	require.Equal(t, []string{"ff", "00", ""}, write(streams.Hex, "\xFF", "\x00"))
}

// Chunks of UTF-8 give the text of the whole, wherever it is cut.
func FuzzChunksAreDecodedAsTheWhole(f *testing.F) {
	f.Add([]byte("a€😀\xF6\x9B\xD1\xED\xA0\x80"), 2)
	f.Add([]byte("\xF4\xBD\xE5"), 1)
	f.Fuzz(func(t *testing.T, p []byte, size int) {
		n := 1 + int(uint(size)%7)
		d := nodetext.Decoder{}
		whole := nodetext.Decode(p, streams.UTF8)
		standard, ok := nodetext.NewTextDecoder("utf-8", false, true)
		require.True(t, ok)
		var text, standardText string
		for len(p) > 0 {
			chunk := p[:min(n, len(p))]
			p = p[len(chunk):]
			text += d.Write(chunk)
			part, err := standard.Decode(chunk, true)
			require.NoError(t, err)
			standardText += part
		}
		require.Equal(t, whole, text+d.End())
		rest, err := standard.Decode(nil, false)
		require.NoError(t, err)
		require.Equal(t, whole, standardText+rest)
	})
}

func TestLabelsStandForEncodings(t *testing.T) {
	for label, name := range map[string]string{
		"UTF-8": "utf-8", " latin1\n": "windows-1252", "unicode": "utf-16le", "sjis": "shift_jis",
		"hz-gb-2312": "replacement", "x": "",
		"\u00A0utf-8": "", "x-unicode20utf8": "utf-8",
	} {
		require.Equal(t, name, nodetext.Label(label), label)
	}
}

func TestTextIsDecodedByTheStandard(t *testing.T) {
	for _, c := range []struct {
		encoding, bytes, want string
		fatal, wrong          bool
	}{
		{"utf-8", "\xEF\xBB\xBFa", "a", false, false},
		{"utf-8", "a\xFF", "", true, true},
		{"utf-8", "\xED\xA0\x80", broken + broken + broken, false, false},
		{"utf-16le", "\xFF\xFEa\x00\x3D\xD8b\x00\x01", "a" + broken + "b" + broken, false, false},
		{"utf-16le", "\x3D\xD8", "", true, true},
		{"utf-16be", "\xD8\x3D\xDE\x00", "😀", true, false},
		{"windows-1252", "\x80\x81\xE9", "€\u0081é", true, false},
		{"windows-1253", "\xAA", "", true, true},
		{"shift_jis", "\x82\xA0\x41", "あA", true, false},
		{"gb18030", "\x81\x30\x81\x30", "\u0080", true, false},
	} {
		d, ok := nodetext.NewTextDecoder(c.encoding, c.fatal, false)
		require.True(t, ok, c.encoding)
		text, err := d.Decode([]byte(c.bytes), false)
		require.Equal(t, c.wrong, err != nil, "%+v: %v", c, err)
		require.Equal(t, c.want, text, "%+v", c)
	}
	_, ok := nodetext.NewTextDecoder("replacement", false, false)
	require.False(t, ok)
}

func TestAChunkOfTheStandardMayCutCharacters(t *testing.T) {
	for encoding, bytes := range map[string]string{"utf-16be": "\xD8\x3D\xDE\x00", "utf-16le": "\x3D\xD8\x00\xDE",
		"utf-8": "😀", "gb18030": "\x94\x39\xFC\x36"} {
		d, ok := nodetext.NewTextDecoder(encoding, true, false)
		require.True(t, ok)
		var text strings.Builder
		for i := range len(bytes) {
			part, err := d.Decode([]byte{bytes[i]}, true)
			require.NoError(t, err, encoding)
			text.WriteString(part)
		}
		rest, err := d.Decode(nil, false)
		require.NoError(t, err, encoding)
		require.Equal(t, "😀", text.String()+rest, encoding)
	}
}

// Package htmlindex was generated from the standard, so its labels are right.
func TestLabelsAreThoseOfTheStandard(t *testing.T) {
	all := nodetext.Labels()
	require.Len(t, all, 228)
	for _, label := range all {
		name := nodetext.Label(label)
		e, err := htmlindex.Get(label)
		require.NoError(t, err, label)
		if name == "replacement" {
			continue // Package htmlindex still has some of these encodings.
		}
		standard, err := htmlindex.Name(e)
		require.NoError(t, err, label)
		require.Equal(t, standard, name, label)
		if strings.HasPrefix(name, "utf-") {
			continue
		}
		d, ok := nodetext.NewTextDecoder(name, false, false)
		require.True(t, ok, name)
		for b := byte(0xA0); b != 0; b++ {
			got, err := d.Decode([]byte{b, 'A'}, false)
			require.NoError(t, err)
			want, err := e.NewDecoder().Bytes([]byte{b, 'A'})
			require.NoError(t, err)
			require.Equal(t, string(want), got, "%s: %x", name, b)
		}
	}
}
