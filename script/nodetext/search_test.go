package nodetext_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodetext"
	"github.com/brood-go/brood/streams"
)

func TestBytesAreFoundFromBothEnds(t *testing.T) {
	const utf8, utf16 = streams.UTF8, streams.UTF16LE
	for _, c := range []struct {
		in, what    string
		offset      int64
		encoding    streams.Encoding
		first, last int
	}{
		{"abcabc", "bc", 0, utf8, 1, -1},
		{"abcabc", "bc", 2, utf8, 4, 1},
		{"abcabc", "bc", -2, utf8, 4, 4},
		{"abcabc", "bc", 99, utf8, -1, 4},
		{"abcabc", "", 99, utf8, 6, 6},
		{"abcabc", "", -99, utf8, 0, 0},
		{"abcabc", "a", -99, utf8, 0, -1},
		{"", "a", 0, utf8, -1, -1},
		{"x\x00a\x00", "\x00a", 0, utf16, -1, -1},
		{"\x00aa\x00a\x00", "a\x00", 0, utf16, 2, -1},
		{"\x00aa\x00a\x00", "a\x00", 9, utf16, -1, 4},
		{"ab", "a", 0, utf16, -1, -1},
	} {
		require.Equal(t, c.first, nodetext.Index([]byte(c.in), []byte(c.what), c.offset, c.encoding), "first of %+v", c)
		require.Equal(t, c.last, nodetext.LastIndex([]byte(c.in), []byte(c.what), c.offset, c.encoding), "last of %+v", c)
	}
}

func TestBase64OfBrowsersIsStrict(t *testing.T) {
	for text, want := range map[string]string{"": "", " aG k= ": "hi", "aGk": "hi", "aG==": "h"} {
		p, err := nodetext.DecodeForgiving(text)
		require.NoError(t, err, text)
		require.Equal(t, want, string(p), text)
	}
	for _, text := range []string{"a", "aGk==", "a=Gk", "_-__", "aGk=\v"} {
		_, err := nodetext.DecodeForgiving(text)
		require.Error(t, err, text)
	}
	_, ok := nodetext.EncodeLatin1("€")
	require.False(t, ok)
}

func TestTranscodeReplacesMissingCharacters(t *testing.T) {
	require.Equal(t, "?\xE9", string(nodetext.Transcode([]byte("€é"), streams.UTF8, streams.Latin1)))
	require.Equal(t, "??", string(nodetext.Transcode([]byte("€é"), streams.UTF8, streams.ASCII)))
	require.Equal(t, "é", string(nodetext.Transcode([]byte("\xE9"), streams.Latin1, streams.UTF8)))
}
