package ipc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// echoed checks that a Go child returns every value in the array that is named values.
const echoed = `
	const assert = require('assert');
	let left = values.length;
	c.on('message', m => {
		assert.deepStrictEqual(m, {v: values[values.length - left]});
		if (--left === 0) c.disconnect();
	});
	for (const v of values) c.send({v}); // Some cannot be sent by themselves.
	c.on('exit', code => console.log(left, code));`

//brood:checks N153 S065
func TestValuesSurviveTheTripThroughAGoChild(t *testing.T) {
	out := underNode(t, "ipc-echo", `
		const c = child();
		const values = [null, true, false, 0, -1.5, 1e21, 5e-324, 2 ** 53, '', 'a\nb\0\t"\\', '\u2028\u2029', '<&>', '😀', '\ud83d', '\udc00x',
			'\\ud800\udc00', [], [1, '2', null, [[]]], {}, {b: 1, a: {c: [{}]}, '': 0, '\ud800': 1}, {cmd: 'fooNODE_'}, {cmd: 'NODE_'},
			'é'.repeat(400000), '0123456789abcdef'.repeat(1 << 20)];`+echoed)
	require.Equal(t, "0 0\n", out)
}

//brood:checks N154
func TestAdvancedValuesSurviveTheTripThroughAGoChild(t *testing.T) {
	out := underNode(t, "ipc-echo", `
		const c = child({serialization: 'advanced'});
		const circular = {list: [1, , 3]};
		circular.self = circular;
		circular.list.push(circular);
		const error = new RangeError('r', {cause: 1});
		const values = [undefined, null, true, -0, NaN, Infinity, 2 ** 31, 1n, -(2n ** 70n), 'é', '€😀', '\ud800', new Date(5), /a+/gi,
			[1.5, 2], [, 1], new Map([[{k: 1}, new Set([1, 'a'])]]), Buffer.from('hello'), new Uint8Array([1, 2]), new Float64Array([Math.PI]),
			new BigInt64Array([1n]), new DataView(new ArrayBuffer(2)), new Uint8Array([1, 2, 3]).buffer, new String('s'), new Number(1),
			circular, error, {u: undefined, 1: 2}, 'x'.repeat(16 << 20)];`+echoed)
	require.Equal(t, "0 0\n", out)
}
