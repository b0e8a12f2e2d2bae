package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZlibConvertsAtOnceAndAsStreams(t *testing.T) {
	lines := printed(t, `
		const zlib = require('zlib');
		const { pipeline, Readable } = require('stream');
		const text = 'tick '.repeat(50_000);
		for (const [pack, unpack] of [['gzip', 'gunzip'], ['deflate', 'inflate'], ['deflateRaw', 'inflateRaw'], ['gzip', 'unzip'],
			['brotliCompress', 'brotliDecompress'], ['zstdCompress', 'zstdDecompress']]) {
			const packed = zlib[pack + 'Sync'](text);
			console.log(pack, packed.length < 5000, zlib[unpack + 'Sync'](packed).toString() === text);
		}
		zlib.gzip(text, (error, packed) => zlib.gunzip(packed, (error, all) => console.log(error, all.toString() === text)));
		let length = 0;
		pipeline(Readable.from([text, text]), zlib.createGzip(), zlib.createGunzip(), async (source) => {
			for await (const chunk of source) length += chunk.length;
		}, (error) => console.log(error, length === 2 * text.length));
	`)
	require.ElementsMatch(t, []string{
		"gzip true true", "deflate true true", "deflateRaw true true", "gzip true true", "brotliCompress true true",
		"zstdCompress true true",
		"null true", "undefined true",
	}, lines)
}

func TestErrorsOfZlib(t *testing.T) {
	requireExamples(t, `const z = require('zlib'); const cut = (b) => b.subarray(0, b.length / 2);`, []example{
		{`z.gunzipSync('abc')`, "Error Z_DATA_ERROR: incorrect header check"},
		{`z.inflateSync(cut(z.deflateSync('some text')))`, "Error Z_BUF_ERROR: unexpected end of file"},
		{`z.inflateRawSync(Buffer.from([7]))`, "Error Z_DATA_ERROR: invalid block type"},
		{`z.inflateSync(z.deflateSync('abc', { dictionary: Buffer.from('abc') }))`, "Error Z_NEED_DICT: Missing dictionary"},
		{`z.inflateSync(cut(z.deflateSync('some text')), { finishFlush: z.constants.Z_SYNC_FLUSH }).length > 0`, "true"},
		{`z.gunzipSync(z.gzipSync('a'.repeat(100)), { maxOutputLength: 10 })`,
			"RangeError ERR_BUFFER_TOO_LARGE: Cannot create a Buffer larger than 10 bytes"},
		{`z.gzipSync('a', { level: 10 })`,
			`RangeError ERR_OUT_OF_RANGE: The value of "options.level" is out of range. It must be >= -1 and <= 9. Received 10`},
		{`z.gunzipSync(Buffer.concat([z.gzipSync('a'), z.gzipSync('b')])).toString()`, `"ab"`},
		{`z.crc32('abc')`, "891568578"},
		{`[z.Z_SYNC_FLUSH, Object.keys(z).includes("Z_SYNC_FLUSH")]`, "[2,false]"},
	})
}

func TestABombIsDeliveredAsItsReaderTakesIt(t *testing.T) {
	lines := printed(t, `
		const zlib = require('zlib');
		const stream = zlib.createGunzip({ highWaterMark: 1 << 16 });
		stream.end(zlib.gzipSync(Buffer.alloc(64 << 20)));
		setTimeout(() => {
			console.log(stream.readableLength <= 1 << 17);
			let length = 0;
			stream.on('data', (chunk) => length += chunk.length).on('end', () => console.log(length === 64 << 20));
		}, 50);
	`)
	require.Equal(t, []string{"true", "true"}, lines)
}
