package streams_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/streams"
)

// encodings has every Encoding.
var encodings = []streams.Encoding{
	streams.UTF8, streams.UTF16LE, streams.Latin1, streams.ASCII, streams.Hex, streams.Base64, streams.Base64URL,
}

// node runs a Node program. It finds in as a global variable of that name, and passes its result to
// the function out.
func node(t *testing.T, program string, in, out any) {
	t.Helper()
	file, err := exec.LookPath("node")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no node")
	}
	require.NoError(t, err)
	const frame = `
		const given = JSON.parse(require('fs').readFileSync(0, 'utf8'));
		const out = (v) => process.stdout.write(JSON.stringify(v));
	`
	stdin, err := json.Marshal(in)
	require.NoError(t, err)
	cmd := exec.Command(file, "-e", frame+strings.ReplaceAll(program, "in.", "given."))
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.Output()
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(stdout, out))
}

// hardBytes returns n bytes that are often borders of some encoding: surrogates, first bytes of
// UTF-8.
func hardBytes(random *rand.Rand, n int) []byte {
	hard := []string{
		"\x3D\xD8\x00\xDE", "\x3D\xD8", "\x00\xDE", "\xD8", "\xDC", "\x00", "\x3D", "😀", "€", "\xE2\x82", "\xF0\x9F", "\x80",
		"\xC0", "\xED\xA0\x80", "a", "\r\n", "\xFF\xFE", "\xEF\xBB\xBF",
	}
	var p []byte
	for len(p) < n {
		if random.IntN(3) == 0 {
			p = append(p, byte(random.Uint32()))
		} else {
			p = append(p, hard[random.IntN(len(hard))]...)
		}
	}
	return p[:n]
}

// textOfStream feeds chunks to a stream with the encoding.
func textOfStream(t testing.TB, e streams.Encoding, chunks [][]byte) []string {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.SetEncoding(e)
	var texts []string
	r.OnText(func(s string) {
		require.NotEmpty(t, s)
		texts = append(texts, s)
	})
	feed(t, l, w, chunks...)
	return texts
}

// Any bytes in any chunks give the text of Node's setEncoding. Chunk by chunk, this is compared
// only for encodings without surrogates and errors: Node may leave a surrogate pair in two halves
// until the texts are joined.
//
//brood:checks N083
func TestTextIsWhatNodeDecodes(t *testing.T) {
	type request struct {
		Encoding string   `json:"encoding"`
		Chunks   []string `json:"chunks"`
	}
	random := rand.New(rand.NewPCG(1, 2))
	var requests []request
	var chunks [][][]byte
	for range 40 {
		data := hardBytes(random, random.IntN(60))
		cuts := make([]byte, 1+random.IntN(5))
		for i := range cuts {
			cuts[i] = byte(1 + random.IntN(7))
		}
		for _, e := range encodings {
			parts := split(data, cuts)
			q := request{Encoding: e.String(), Chunks: []string{}}
			for _, p := range parts {
				q.Chunks = append(q.Chunks, hex.EncodeToString(p))
			}
			requests, chunks = append(requests, q), append(chunks, parts)
		}
	}
	var want [][]string
	node(t, `
		const { StringDecoder } = require('string_decoder');
		out(in.requests.map(({ encoding, chunks }) => {
			const d = new StringDecoder(encoding);
			const texts = chunks.map((c) => d.write(Buffer.from(c, 'hex')));
			return [...texts, d.end(), [...texts].join('')];
		}));
	`, map[string]any{"requests": requests}, &want)
	for i, q := range requests {
		e, err := streams.ParseEncoding(q.Encoding)
		require.NoError(t, err)
		got := textOfStream(t, e, chunks[i])
		texts := want[i][:len(want[i])-1]
		end := texts[len(texts)-1]
		// The joined text is Node's own: half a surrogate pair does not survive JSON.
		require.Equal(t, want[i][len(want[i])-1]+end, strings.Join(got, ""), "%+v", q)
		if e != streams.UTF8 && e != streams.UTF16LE {
			texts = withoutEmpty(texts)
			require.Equal(t, texts, append([]string{}, got...), "%+v", q)
		}
	}
}

func withoutEmpty(texts []string) []string {
	some := []string{}
	for _, s := range texts {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

//brood:checks N083
func TestWholeValuesAreDecodedAsByNode(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	type request struct{ Encoding, Data string }
	var requests []request
	for range 200 {
		data := hardBytes(random, random.IntN(40))
		for _, e := range encodings {
			requests = append(requests, request{e.String(), hex.EncodeToString(data)})
		}
	}
	var want []string
	node(t, `out(in.requests.map((q) => Buffer.from(q.Data, 'hex').toString(q.Encoding)));`,
		map[string]any{"requests": requests}, &want)
	for i, q := range requests {
		e, err := streams.ParseEncoding(q.Encoding)
		require.NoError(t, err)
		data, err := hex.DecodeString(q.Data)
		require.NoError(t, err)
		require.Equal(t, want[i], e.Decode(data), "%+v", q)
	}
}

// This holds for any text, also one that is no text of the encoding. One difference is left out:
// where Node expects a digit, it takes the low byte of a character over U+00FF (U+0141 for 'A'). So
// the texts for these encodings have no such characters.
//
//brood:checks N113
func TestTextIsEncodedAsByNode(t *testing.T) {
	pieces := []string{"a", "B", "9", "+", "/", "-", "_", "=", " ", "\n", "f0", "YWJj", "YQ==", "é", "ÿ", "g", "€", "Ł", "😀"}
	random := rand.New(rand.NewPCG(5, 6))
	type request struct{ Encoding, Text string }
	var requests []request
	for range 300 {
		text := ""
		for range random.IntN(12) {
			text += pieces[random.IntN(len(pieces))]
		}
		for _, e := range encodings {
			if e >= streams.Hex {
				text = strings.NewReplacer("€", "", "Ł", "", "😀", "").Replace(text)
			}
			requests = append(requests, request{e.String(), text})
		}
	}
	var want []string
	node(t, `out(in.requests.map((q) => Buffer.from(q.Text, q.Encoding).toString('hex')));`,
		map[string]any{"requests": requests}, &want)
	for i, q := range requests {
		e, err := streams.ParseEncoding(q.Encoding)
		require.NoError(t, err)
		require.Equal(t, want[i], hex.EncodeToString(e.Encode(q.Text)), "%+v", q)
	}
}

//brood:checks N082
func TestEncodingNamesAreNodes(t *testing.T) {
	names := []string{
		"utf8", "utf-8", "UTF-8", "Utf8", "utf16le", "utf-16le", "UTF-16LE", "ucs2", "UCS-2", "latin1", "binary", "BINARY",
		"ascii", "hex", "HEX", "base64", "Base64", "base64url", "base64URL",
		"", "buffer", "utf16", "utf-7", "latin-1", "iso-8859-1", "base-64", " utf8",
	}
	var want []string
	node(t, `
		const { StringDecoder } = require('string_decoder');
		out(in.names.map((n) => (Buffer.isEncoding(n) ? new StringDecoder(n).encoding : '')));
	`, map[string]any{"names": names}, &want)
	for i, name := range names {
		e, err := streams.ParseEncoding(name)
		if want[i] == "" {
			var unknown *streams.EncodingError
			require.ErrorAs(t, err, &unknown, "%q", name)
			require.Equal(t, name, unknown.Name)
			require.Zero(t, e)
			continue
		}
		require.NoError(t, err, "%q", name)
		require.Equal(t, want[i], e.String(), "%q", name)
	}
	require.Equal(t, "Encoding(200)", streams.Encoding(200).String())
	require.Zero(t, streams.UTF8, "it is the default")
}

// A character that the last chunk has cut off does not get into the text of another encoding.
func TestSetEncodingDropsACutOffCharacter(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	var j journal
	r.OnText(j.Add)
	for _, step := range []struct {
		next       streams.Encoding
		data, want string
	}{
		{streams.Hex, "a\xE2\x82", "a"},
		{streams.Base64, "\x01\x02", "0102"},
		{streams.UTF16LE, "abcd", "YWJj"},
		{streams.UTF8, "e\x00\x3D\xD8\x00", "e"},
	} {
		w.WriteString(step.data)
		poll(t, l)
		r.SetEncoding(step.next)
		j.Wants(t, step.want)
	}
	feed(t, l, w, []byte("z"))
	j.Wants(t, "z")
	require.Panics(t, func() { r.SetEncoding(200) })
}

func TestLateTextListenerBeginsAfresh(t *testing.T) {
	l := newLoop(t)
	r, w := readPipe(t, l, nil)
	r.SetEncoding(streams.Base64)
	var j journal
	first := r.OnText(j.Add)
	w.WriteString("abcd")
	poll(t, l)
	first.Off()
	w.WriteString("unheard")
	poll(t, l)
	r.OnText(j.Add)
	feed(t, l, w, []byte("abcd"))
	j.Wants(t, "YWJj YWJj ZA==")
}

// FuzzEncodings compares any split of the data with the text of the whole. Where the encoding loses
// nothing, it also encodes the text and compares the bytes.
func FuzzEncodings(f *testing.F) {
	for e := range encodings {
		f.Add(uint8(e), []byte("\x3D\xD8\x00\xDE\x3D\xD8😀 and \xE2\x82 more"), []byte{1})
		f.Add(uint8(e), []byte("\x00\xDE\x3D\xD8\x3D\xD8a"), []byte{3, 2})
	}
	f.Fuzz(func(t *testing.T, number uint8, data, cuts []byte) {
		if len(data) > fuzzLimit {
			return
		}
		e := encodings[int(number)%len(encodings)]
		text := e.Decode(data)
		require.Equal(t, text, strings.Join(textOfStream(t, e, split(data, cuts)), ""))
		switch back := e.Encode(text); e {
		case streams.Latin1, streams.Hex, streams.Base64, streams.Base64URL:
			require.Equal(t, hex.EncodeToString(data), hex.EncodeToString(back))
		default:
			require.Equal(t, text, e.Decode(back))
		}
	})
}
