package host_test

import "testing"

func TestBufferIsMadeAsInNode(t *testing.T) {
	requireExamples(t, "", []example{
		{"Buffer.from('héllo').toString('hex')", `"68c3a96c6c6f"`},
		{"Buffer.from('héllo', 'latin1').toString('hex')", `"68e96c6c6f"`},
		{`Buffer.from('a\ud800b').toString('hex')`, `"61efbfbd62"`},
		{`Buffer.from('a\ud800b', 'utf16le').toString('hex')`, `"610000d86200"`},
		{"Buffer.from('6869zz', 'hex').toString()", `"hi"`},
		{"Buffer.from('aGk_-w', 'base64').toString('base64url')", `"aGk_-w"`},
		{"Buffer.from([1, 257, -1]).toString('hex')", `"0101ff"`},
		{"Buffer.from({ length: 3, 0: 7 }).toString('hex')", `"070000"`},
		{"Buffer.from(Buffer.from('x').toJSON()).toString()", `"x"`},
		{"Buffer.from(new Uint16Array([1, 256, 258])).toString('hex')", `"010002"`},
		{"Buffer.from(new ArrayBuffer(4), 1, 2).length", "2"},
		{"Buffer.from(new String('s')).toString()", `"s"`},
		{"Buffer.alloc(5, 'ab').toString()", `"ababa"`},
		{"Buffer.alloc(4, 'YQ==', 'base64').toString()", `"aaaa"`},
		{"Buffer.of(1, 2, 3).toString('hex')", `"010203"`},
		{"Buffer.concat([Buffer.from('a'), new Uint8Array([98])], 4).toString('hex')", `"61620000"`},
		{"Buffer.concat([Buffer.from('abc'), Buffer.from('def')], 4).toString()", `"abcd"`},
		{"Buffer.copyBytesFrom(new Uint16Array([1, 2, 3]), 1, 1).toString('hex')", `"0200"`},
		{"Buffer.byteLength('€')", "3"},
		{"Buffer.byteLength('aaa=', 'base64')", "2"},
		{"Buffer.byteLength('ab', 'ucs2')", "4"},
		{"Buffer.isEncoding('UTF-8')", "true"},
		{"Buffer.isEncoding('utf-7')", "false"},
		{"Buffer.isBuffer(new Uint8Array(1))", "false"},
		{"Buffer.compare(Buffer.from('a'), Buffer.from('b'))", "-1"},
		{"Buffer.allocUnsafe(8).buffer === Buffer.from('ab').buffer", "true"},
		{"Buffer.from('a').buffer.byteLength === Buffer.poolSize", "true"},
		{"new Uint8Array(Buffer.from('ab').buffer.byteLength).length", "8192"},
		{"Buffer.alloc(3).map((_, i) => i + 1) instanceof Buffer", "true"},
	})
}

func TestBytesBecomeTextAsInNode(t *testing.T) {
	requireExamples(t, "", []example{
		{"Buffer.from([0xe2, 0x82, 0x41, 0xff]).toString()", `"�A�"`},
		{"Buffer.from([0xed, 0xa0, 0x80]).toString()", `"���"`},
		{"Buffer.from([0, 0xd8, 0x61, 0]).toString('utf16le')", `"\ud800a"`},
		{"Buffer.from([0x3d, 0xd8, 0, 0xde, 1]).toString('ucs2')", `"😀"`},
		{"Buffer.from([0x80, 0xff]).toString('latin1')", "\"\u0080ÿ\""},
		{"Buffer.from([0xe1, 0x80]).toString('ascii')", `"a\u0000"`},
		{"Buffer.from('abc').toString('utf8', 1)", `"bc"`},
		{"Buffer.from('abc').toString('utf8', -1, 2)", `"ab"`},
		{"Buffer.from('abc').toString(undefined, 2, 1)", `""`},
		{"Buffer.from('abc').latin1Slice(1, 3)", `"bc"`},
		{"Buffer.from('ab').toJSON()", `{"type":"Buffer","data":[97,98]}`},
		{"Buffer.from('0123456789').inspect()", `"<Buffer 30 31 32 33 34 35 36 37 38 39>"`},
		{"Buffer.alloc(60).inspect().slice(-25)", `" 00 00 ... 10 more bytes>"`},
		{"String(Buffer.from('x'))", `"x"`},
		{"Buffer.from('abc').slice(-2).toString()", `"bc"`},
		{"Buffer.from('abc').subarray(1, -1).toString()", `"b"`},
		{"require('buffer').isUtf8(Buffer.from([0xc3]))", "false"},
		{"require('buffer').isAscii(Buffer.from('a'))", "true"},
		{"require('buffer').transcode(Buffer.from('€é'), 'utf8', 'latin1').toString('hex')", `"3fe9"`},
		{"atob(' aG k= ')", `"hi"`},
		{"btoa('é')", `"6Q=="`},
	})
}

func TestBytesAreWrittenAndFoundAsInNode(t *testing.T) {
	requireExamples(t, "", []example{
		{"((b) => [b.write('€€', 1), b.toString('hex')])(Buffer.alloc(5))", `[3,"00e282ac00"]`},
		{"((b) => [b.write('ab', 1, 'hex'), b.toString('hex')])(Buffer.alloc(2))", `[1,"00ab"]`},
		{"((b) => [b.write('abc', 0, 2), b.toString()])(Buffer.alloc(2))", `[2,"ab"]`},
		{"((b) => [b.write('ab', 'utf16le'), b.toString('hex')])(Buffer.alloc(3))", `[2,"610000"]`},
		{"Buffer.from('abcabc').indexOf('bc', 2)", "4"},
		{"Buffer.from('abcabc').lastIndexOf('bc')", "4"},
		{"Buffer.from('abcabc').lastIndexOf('bc', -3)", "1"},
		{"Buffer.from('abcabc').indexOf(99, -1)", "5"},
		{"Buffer.from('abcabc').indexOf('', 9)", "6"},
		{"Buffer.from('xaxb', 'utf16le').indexOf('b', 0, 'utf16le')", "6"},
		{"Buffer.from([1, 0, 0, 1]).indexOf(Buffer.from([0, 1]), 0, 'ucs2')", "2"},
		{"Buffer.from('abc').includes('d')", "false"},
		{"Buffer.from('abc').equals(new Uint8Array([97, 98, 99]))", "true"},
		{"Buffer.from('abcd').compare(Buffer.from('xbcx'), 1, 3, 1, 3)", "0"},
		{"((b) => [b.copy(b, 1, 0, 3), b.toString()])(Buffer.from('abcd'))", `[3,"aabc"]`},
		{"Buffer.alloc(4).fill('xyz', 1).toString('hex')", `"0078797a"`},
		{"Buffer.alloc(4).fill(300).toString('hex')", `"2c2c2c2c"`},
		{"Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]).swap16().swap32().swap64().toString('hex')", `"0605080702010403"`},
	})
}

func TestNumbersAreReadAndWrittenAsInNode(t *testing.T) {
	requireExamples(t, "", []example{
		{"((b) => [b.writeInt32BE(-2), b.writeUInt16LE(513, 4), b.writeInt8(-1, 6), b.toString('hex')])(Buffer.alloc(7))", `[4,6,7,"fffffffe0102ff"]`},
		{"((b) => [b.writeIntLE(-0x123456, 0, 5), b.toString('hex'), b.readIntLE(0, 5)])(Buffer.alloc(5))", `[5,"aacbedffff",-1193046]`},
		{"((b) => [b.writeUIntBE(0xfedcba987654, 0, 6), b.toString('hex'), b.readUIntBE(0, 6)])(Buffer.alloc(6))", `[6,"fedcba987654",280223976814164]`},
		{"((b) => [b.writeDoubleBE(-1.5), b.toString('hex'), b.readDoubleBE()])(Buffer.alloc(8))", `[8,"bff8000000000000",-1.5]`},
		{"((b) => [b.writeFloatLE(0.1), b.toString('hex'), b.readFloatLE()])(Buffer.alloc(4))", `[4,"cdcccc3d",0.10000000149011612]`},
		{"((b) => [b.writeBigInt64LE(-2n), b.toString('hex'), String(b.readBigUInt64BE())])(Buffer.alloc(8))", `[8,"feffffffffffffff","18374686479671623679"]`},
		{"Buffer.from('80ff7f01', 'hex').readInt16BE()", "-32513"},
		{"Buffer.from('80ff7f81', 'hex').readInt32LE()", "-2122317952"},
		{"Buffer.from('80ff7f81', 'hex').readUInt32LE()", "2172649344"},
		{"Buffer.from('80ff7f81', 'hex').readUint8(3)", "129"},
		{"Buffer.from('80', 'hex').readInt8()", "-128"},
	})
}

func TestMistakesWithBuffersHaveNodesCodes(t *testing.T) {
	requireExamples(t, "", []example{
		{"Buffer.alloc(-1)", `RangeError ERR_OUT_OF_RANGE: The value of "size" is out of range. It must be >= 0 && <= 9007199254740991. Received -1`},
		{"Buffer.alloc('1')", `TypeError ERR_INVALID_ARG_TYPE: The "size" argument must be of type number. Received type string ('1')`},
		{"Buffer.from(5)", "TypeError ERR_INVALID_ARG_TYPE: The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received type number (5)"},
		{"Buffer.from(null)", "TypeError ERR_INVALID_ARG_TYPE: The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received null"},
		{"Buffer.from('a', 'utf-7')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: utf-7"},
		{"Buffer.from(new ArrayBuffer(2), 3)", `RangeError ERR_BUFFER_OUT_OF_BOUNDS: "offset" is outside of buffer bounds`},
		{"Buffer.concat('a')", `TypeError ERR_INVALID_ARG_TYPE: The "list" argument must be an instance of Array. Received type string ('a')`},
		{"Buffer.concat(['a'])", `TypeError ERR_INVALID_ARG_TYPE: The "list[0]" argument must be an instance of Buffer or Uint8Array. Received type string ('a')`},
		{"Buffer.alloc(1).readInt16LE()", "RangeError ERR_BUFFER_OUT_OF_BOUNDS: Attempt to access memory outside buffer bounds"},
		{"Buffer.alloc(4).readInt16LE(3)", `RangeError ERR_OUT_OF_RANGE: The value of "offset" is out of range. It must be >= 0 and <= 2. Received 3`},
		{"Buffer.alloc(4).readInt16LE(0.5)", `RangeError ERR_OUT_OF_RANGE: The value of "offset" is out of range. It must be an integer. Received 0.5`},
		{"Buffer.alloc(4).readInt16LE('0')", `TypeError ERR_INVALID_ARG_TYPE: The "offset" argument must be of type number. Received type string ('0')`},
		{"Buffer.alloc(4).readIntLE(0, 7)", `RangeError ERR_OUT_OF_RANGE: The value of "byteLength" is out of range. It must be >= 1 and <= 6. Received 7`},
		{"Buffer.alloc(4).writeUInt8(256)", `RangeError ERR_OUT_OF_RANGE: The value of "value" is out of range. It must be >= 0 and <= 255. Received 256`},
		{"Buffer.alloc(8).writeBigInt64LE(2n ** 63n)", `RangeError ERR_OUT_OF_RANGE: The value of "value" is out of range. It must be >= -(2n ** 63n) and < 2n ** 63n. Received 9_223_372_036_854_775_808n`},
		{"Buffer.alloc(8).writeInt32LE(2 ** 31)", `RangeError ERR_OUT_OF_RANGE: The value of "value" is out of range. It must be >= -2147483648 and <= 2147483647. Received 2147483648`},
		{"Buffer.alloc(8).writeUIntBE(2 ** 48, 0, 6)", `RangeError ERR_OUT_OF_RANGE: The value of "value" is out of range. It must be >= 0 and < 2 ** 48. Received 281_474_976_710_656`},
		{"Buffer.alloc(4).write('a', 5)", `RangeError ERR_OUT_OF_RANGE: The value of "offset" is out of range. It must be >= 0 && <= 4. Received 5`},
		{"Buffer.alloc(4).fill('a', 0, 5)", `RangeError ERR_OUT_OF_RANGE: The value of "end" is out of range. It must be >= 0 && <= 4. Received 5`},
		{"Buffer.alloc(4).fill('zz', 'hex')", "TypeError ERR_INVALID_ARG_VALUE: The argument 'value' is invalid. Received 'zz'"},
		{"Buffer.alloc(4).toString('x')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: x"},
		{"Buffer.alloc(3).swap16()", "RangeError ERR_INVALID_BUFFER_SIZE: Buffer size must be a multiple of 16-bits"},
		{"Buffer.alloc(3).indexOf({})", `TypeError ERR_INVALID_ARG_TYPE: The "value" argument must be one of type number or string or an instance of Buffer or Uint8Array. Received an instance of Object`},
		{"Buffer.alloc(3).copy(new Uint8Array(1), -1)", `RangeError ERR_OUT_OF_RANGE: The value of "targetStart" is out of range. It must be >= 0. Received -1`},
		{"Buffer.alloc(3).compare('a')", `TypeError ERR_INVALID_ARG_TYPE: The "target" argument must be an instance of Buffer or Uint8Array. Received type string ('a')`},
		{"Buffer.prototype.toString.call({})", "TypeError ERR_INVALID_ARG_TYPE: argument must be a buffer"},
		{"Buffer.prototype.readInt8.call(5, 0)", `RangeError ERR_OUT_OF_RANGE: The value of "offset" is out of range. It must be >= 0 and <= NaN. Received 0`},
	})
}
