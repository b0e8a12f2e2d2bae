package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAMessageIsWhatStringifyMakesOfIt(t *testing.T) {
	require.Equal(t, []string{
		`{"a":[1,null,"\ud800"],"b":{"c":"é😀"}}`, `null`, `7`, `{"0":2,"x":1}`, `"\u0000\""`, `null`,
		"end", "TypeError: circular reference undefined", "RangeError: mine E_MINE",
		"TypeError: Do not know how to serialize a BigInt undefined",
	}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') return process.on('message', (m) => process.send(m));
		const child = fork(__filename, ['child']);
		child.on('message', (m) => {
			console.log(m === 'end' ? m : JSON.stringify(m));
			if (m === 'end') child.disconnect();
		});
		child.send({ a: [1, undefined, '\ud800'], b: { c: 'é😀', d: () => 1 }, e: undefined });
		child.send({ toJSON() {} });
		child.send({ toJSON: () => 7 });
		child.send({ x: 1, 0: 2 });
		child.send('\u0000"');
		child.send(NaN);
		const failures = [];
		const thrown = (message) => {
			try {
				child.send(message, () => failures.push('called'));
			} catch (error) {
				failures.push(error);
			}
		};
		const cycle = {};
		cycle.cycle = cycle;
		thrown(cycle);
		thrown({ toJSON() { throw Object.assign(new RangeError('mine'), { code: 'E_MINE' }); } });
		thrown({ a: 1n });
		child.send('end');
		child.on('close', () => {
			for (const failure of failures) console.log(String(failure), failure.code);
		});
	`))
}
