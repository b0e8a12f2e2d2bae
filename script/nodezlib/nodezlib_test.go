package nodezlib_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodezlib"
)

// text is compressible, and longer than a window.
var text = func() []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	for b.Len() < 100_000 {
		b.WriteString([]string{"loop ", "turn ", "tick ", "watcher "}[r.IntN(4)])
	}
	return b.Bytes()
}()

func compress(t *testing.T, mode nodezlib.Mode, o nodezlib.Options, p []byte) []byte {
	t.Helper()
	c, err := nodezlib.NewCompressor(mode, o)
	require.NoError(t, err)
	require.NoError(t, c.Write(p))
	require.NoError(t, c.Finish())
	return bytes.Clone(c.Take(len(p) + 1<<10))
}

func decompress(mode nodezlib.Mode, o nodezlib.Options, p []byte, piece int) ([]byte, error) {
	d := nodezlib.NewDecompressor(mode, o, 1<<10)
	var all []byte
	for {
		out, err := d.Next()
		if err != nil {
			return all, err
		}
		all = append(all, out...)
		switch {
		case len(out) > 0:
		case d.Done():
			return all, nil
		case len(p) == 0:
			d.End()
		default:
			n := min(piece, len(p))
			d.Feed(p[:n])
			p = p[n:]
		}
	}
}

func TestDecompressionRestoresTheInputHoweverItIsSplit(t *testing.T) {
	for _, pair := range []struct{ in, out nodezlib.Mode }{
		{nodezlib.Deflate, nodezlib.Inflate}, {nodezlib.Gzip, nodezlib.Gunzip}, {nodezlib.DeflateRaw, nodezlib.InflateRaw},
		{nodezlib.Gzip, nodezlib.Unzip}, {nodezlib.Deflate, nodezlib.Unzip}, {nodezlib.BrotliEncode, nodezlib.BrotliDecode},
		{nodezlib.ZstdEncode, nodezlib.ZstdDecode},
	} {
		for _, o := range []nodezlib.Options{{Level: 1}, {Level: 9}, {Level: 6, WindowBits: 9}, {Level: 6, Huffman: true}} {
			packed := compress(t, pair.in, o, text)
			require.Less(t, len(packed), len(text))
			for _, piece := range []int{1, 1000, len(packed)} {
				got, err := decompress(pair.out, nodezlib.Options{}, packed, piece)
				require.NoError(t, err, "%+v", pair)
				require.True(t, bytes.Equal(text, got), "%+v %+v in pieces of %d", pair, o, piece)
			}
		}
	}
}

func TestOtherProgramsReadTheOutput(t *testing.T) {
	r, err := gzip.NewReader(bytes.NewReader(compress(t, nodezlib.Gzip, nodezlib.Options{Level: -1}, text)))
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.True(t, bytes.Equal(text, got))
	z, err := zlib.NewReader(bytes.NewReader(compress(t, nodezlib.Deflate, nodezlib.Options{Level: -1}, text)))
	require.NoError(t, err)
	got, err = io.ReadAll(z)
	require.NoError(t, err)
	require.True(t, bytes.Equal(text, got))
}

func TestAFlushMakesAllOutputAvailable(t *testing.T) {
	c, err := nodezlib.NewCompressor(nodezlib.Gzip, nodezlib.Options{Level: 6})
	require.NoError(t, err)
	d := nodezlib.NewDecompressor(nodezlib.Gunzip, nodezlib.Options{}, 1<<10)
	for _, word := range []string{"first", "second"} {
		require.NoError(t, c.Write([]byte(word)))
		require.NoError(t, c.Flush())
		d.Feed(bytes.Clone(c.Take(1 << 10)))
		out, err := d.Next()
		require.NoError(t, err)
		require.Equal(t, word, string(out))
		out, err = d.Next()
		require.NoError(t, err)
		require.Empty(t, out)
	}
	require.False(t, d.Done())
}

func TestDamageIsAnError(t *testing.T) {
	gz, z := compress(t, nodezlib.Gzip, nodezlib.Options{}, text), compress(t, nodezlib.Deflate, nodezlib.Options{}, text)
	damaged := func(p []byte, at int) []byte {
		p = bytes.Clone(p)
		p[(at+len(p))%len(p)] ^= 1
		return p
	}
	for _, one := range []struct {
		name string
		mode nodezlib.Mode
		p    []byte
		want string
	}{
		{"no gzip", nodezlib.Gunzip, []byte("no gzip"), "incorrect header check"},
		{"no zlib", nodezlib.Inflate, []byte("no zlib"), "incorrect header check"},
		{"nothing", nodezlib.Inflate, nil, "unexpected end of file"},
		{"half", nodezlib.Gunzip, gz[:len(gz)/2], "unexpected end of file"},
		{"length", nodezlib.Gunzip, damaged(gz, -1), "incorrect length check"},
		{"checksum", nodezlib.Gunzip, damaged(gz, -5), "incorrect data check"},
		{"checksum of zlib", nodezlib.Inflate, damaged(z, -1), "incorrect data check"},
		{"rubbish behind", nodezlib.Gunzip, append(bytes.Clone(gz), "rubbish"...), "incorrect header check"},
		{"no zstd", nodezlib.ZstdDecode, []byte("no zstd"), "Unknown frame descriptor"},
		{"no brotli", nodezlib.BrotliDecode, []byte{0xff, 0xff, 0xff, 0xff}, "Decompression failed"},
	} {
		_, err := decompress(one.mode, nodezlib.Options{}, one.p, 7)
		require.EqualError(t, err, one.want, one.name)
	}
	got, err := decompress(nodezlib.Gunzip, nodezlib.Options{}, append(append(bytes.Clone(gz), gz...), 0, 0), 50)
	require.NoError(t, err)
	require.Len(t, got, 2*len(text))
	got, _ = decompress(nodezlib.Gunzip, nodezlib.Options{}, gz[:len(gz)/2], 50)
	require.NotEmpty(t, got)
	require.True(t, bytes.HasPrefix(text, got))
}

func TestADictionaryHasToBeTheSame(t *testing.T) {
	packed := compress(t, nodezlib.Deflate, nodezlib.Options{Level: 6, Dictionary: []byte("loop turn")},
		[]byte("loop turn"))
	got, err := decompress(nodezlib.Inflate, nodezlib.Options{Dictionary: []byte("loop turn")}, packed, 3)
	require.NoError(t, err)
	require.Equal(t, "loop turn", string(got))
	_, err = decompress(nodezlib.Inflate, nodezlib.Options{}, packed, 3)
	require.EqualError(t, err, "Missing dictionary")
	_, err = decompress(nodezlib.Inflate, nodezlib.Options{Dictionary: []byte("other")}, packed, 3)
	require.EqualError(t, err, "Bad dictionary")
}

func TestItReadsWhatPackageFlateReads(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		p := compress(t, nodezlib.DeflateRaw, nodezlib.Options{Level: r.IntN(11) - 1}, text[r.IntN(1000):1000+r.IntN(5000)])
		for range r.IntN(4) {
			p[r.IntN(len(p))] ^= byte(1 << r.IntN(8))
		}
		want, failure := io.ReadAll(flate.NewReader(bytes.NewReader(p)))
		got, err := decompress(nodezlib.InflateRaw, nodezlib.Options{}, p, 1+r.IntN(100))
		require.Equal(t, failure == nil, err == nil, "%v, %v", failure, err)
		require.True(t, err != nil || bytes.Equal(want, got))
	}
}

func FuzzDecompressors(f *testing.F) {
	f.Add([]byte("\x1f\x8b\x08\x1f\x00\x00\x00\x00\x00\x03"))
	f.Add([]byte("\x78\x9c\x03\x00\x00\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, mode := range []nodezlib.Mode{nodezlib.Inflate, nodezlib.Gunzip, nodezlib.InflateRaw, nodezlib.Unzip,
			nodezlib.BrotliDecode, nodezlib.ZstdDecode} {
			one, err := decompress(mode, nodezlib.Options{}, p, 1)
			all, other := decompress(mode, nodezlib.Options{}, p, len(p)+1)
			require.Equal(t, err, other)
			if err == nil {
				require.Equal(t, one, all)
			}
		}
	})
}
