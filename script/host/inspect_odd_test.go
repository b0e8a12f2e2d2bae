package host_test

import "testing"

func TestFormatAndInspectOfOddValuesAreNodes(t *testing.T) {
	requireExamples(t, `
		const util = require('util');
		const { format, inspect } = util;
		class Own { toString() { return 'own'; } }
		class Inherits extends Own {}
		const deep = { [inspect.custom]() { return { a: { b: 1 }, c: 2 }; } };
	`, []example{
		{"format('%i|%i|%i', [3.7], Buffer.from('12'), {})", `"3|12|NaN"`},
		{"format('%s|%s', Buffer.from('é'), new Inherits())", `"é|own"`},
		{"format('%s', new Date(0))", `"1970-01-01T00:00:00.000Z"`},
		{"format('%s', Object(Symbol('x')))", `"[Symbol: Symbol(x)]"`},
		{"format('%s', { [Symbol.toPrimitive]: () => 'mine' })", `"mine"`},
		{"inspect({ a: { __proto__: null, b: 1 } }, { depth: 0 })", `"{ a: [Object: null prototype] }"`},
		{"inspect(new ArrayBuffer(2), { maxArrayLength: 0 })",
			`"ArrayBuffer { [Uint8Contents]: < ... 2 more bytes>, [byteLength]: 2 }"`},
		{"inspect([88200, 49353, 3958, 20, 3250594, 9506148, 486, 28037], { showHidden: true })",
			`"[\n  88200,       49353,\n  3958,        20,\n  3250594,     9506148,\n  486,         28037,\n  [length]: 8\n]"`},
		{"(() => { const view = new DataView(new ArrayBuffer(2)); structuredClone(view.buffer, { transfer: [view.buffer] }); return inspect(view); })()",
			`"DataView {\n  [byteLength]: 0,\n  [byteOffset]: undefined,\n  [buffer]: ArrayBuffer { (detached), [byteLength]: 0 }\n}"`},
		{"inspect({ x: deep }, { compact: false })", `"{\n  x: {\n    a: {\n      b: 1\n    },\n    c: 2\n  }\n}"`},
	})
}

func TestMessagesOfAssertionsAreNodes(t *testing.T) {
	requireExamples(t, `
		const assert = require('assert');
		const thrown = () => { throw new Error('boom'); };
	`, []example{
		{"assert.throws(thrown, TypeError, new Error('own'))", "AssertionError ERR_ASSERTION: Error: own"},
		{"assert.strictEqual('abcd' + 'x'.repeat(30), 'abcd' + 'y'.repeat(38))",
			"AssertionError ERR_ASSERTION: Expected values to be strictly equal:\n+ actual - expected\n\n+ 'abcdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'\n" +
				"- 'abcdyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'\n       ^\n"},
		{"assert.strictEqual('abcd' + 'x'.repeat(30), 'abcd' + 'y'.repeat(39))",
			"AssertionError ERR_ASSERTION: Expected values to be strictly equal:\n+ actual - expected\n\n+ 'abcdxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'\n" +
				"- 'abcdyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy'\n"},
		{"atob('é')", "InvalidCharacterError 5: Invalid character"},
		{"atob('a')", "InvalidCharacterError 5: The string to be decoded is not correctly encoded."},
	})
}
