package host_test

import "testing"

func TestTextOfChunksIsNodes(t *testing.T) {
	requireExamples(t, "const { StringDecoder } = require('string_decoder');", []example{
		{"((d) => [d.write(Buffer.from([0xe2, 0x82])), d.lastNeed, d.lastTotal, d.write(Buffer.from([0xac, 0x41])), d.end()])(new StringDecoder())", `["",1,3,"€A",""]`},
		{"((d) => [d.write(Buffer.from([0xf0, 0x9f])), d.write(Buffer.from([0x41])), d.end()])(new StringDecoder('utf8'))",
			`["","�A",""]`},
		{"((d) => [d.write(Buffer.from([0xe2])), d.end(Buffer.from([0x82]))])(new StringDecoder('utf-8'))", `["","�"]`},
		{"((d) => [d.write(Buffer.from([0x3d, 0xd8])), d.write(Buffer.from([0])), d.write(Buffer.from([0xde])), d.end()])(new StringDecoder('ucs2'))", `["","","😀",""]`},
		{"((d) => [d.write(Buffer.from([1])), d.write(Buffer.from([2, 3, 4])), d.end()])(new StringDecoder('base64'))",
			`["","AQID","BA=="]`},
		{"((d) => [d.write(Buffer.from('ab')), d.encoding, d.end()])(new StringDecoder('binary'))", `["ab","latin1",""]`},
		{"new StringDecoder('nope')", "TypeError ERR_UNKNOWN_ENCODING: Unknown encoding: nope"},
		{"new StringDecoder().write(null)", `TypeError ERR_INVALID_ARG_TYPE: The "buf" argument must be an instance of Buffer, TypedArray, or DataView. Received null`},
	})
}

func TestTextIsEncodedAndDecodedByTheStandard(t *testing.T) {
	requireExamples(t, "", []example{
		{`Array.from(new TextEncoder().encode('€\ud800'))`, "[226,130,172,239,191,189]"},
		{"((b) => [new TextEncoder().encodeInto('a€€', b), Array.from(b)])(new Uint8Array(5))",
			`[{"read":2,"written":4},[97,226,130,172,0]]`},
		{"((d) => [d.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xe2]), { stream: true }), d.decode(new Uint8Array([0x82, 0xac])), d.decode(new Uint8Array([0xe2]))])(new TextDecoder())", `["","€","�"]`},
		{"new TextDecoder('utf-16be').decode(new Uint8Array([0xd8, 0x3d, 0xde, 0, 0x41]))", `"😀�"`},
		{"new TextDecoder('latin1').decode(new Uint8Array([0x80, 0xe9]))", `"€é"`},
		{"new TextDecoder('shift_jis').decode(new Uint8Array([0x82, 0xa0]))", `"あ"`},
		{"new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf])).length", "1"},
		{"new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))",
			"TypeError ERR_ENCODING_INVALID_ENCODED_DATA: The encoded data was not valid for encoding utf-8"},
		{"new TextDecoder('nope')", `RangeError ERR_ENCODING_NOT_SUPPORTED: The "nope" encoding is not supported`},
		{"new TextDecoder(' UTF8 ').encoding", `"utf-8"`},
	})
}

func TestNamesAreWrittenInPunycode(t *testing.T) {
	requireExamples(t, "process.emitWarning = () => {}; const punycode = require('punycode');", []example{
		{"punycode.encode('mañana')", `"maana-pta"`},
		{"punycode.decode('maana-pta')", `"mañana"`},
		{"punycode.toASCII('mañana.com')", `"xn--maana-pta.com"`},
		{"punycode.toUnicode('x@xn--maana-pta.com')", `"x@mañana.com"`},
		{`punycode.ucs2.decode('a😀\ud800')`, "[97,128512,55296]"},
		{"punycode.decode('x!')", "RangeError undefined: Invalid input"},
	})
}
