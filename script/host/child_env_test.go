package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAChildHasTheEnvironmentAsItIsWhenTheChildIsStarted(t *testing.T) {
	require.Equal(t, []string{"undefined", "1", "2", "undefined", "inherited", "own", "undefined"}, printed(t, `
		const { execFileSync } = require('child_process');
		const text = (options) => execFileSync('/bin/sh', ['-c', 'echo "${BROOD_T-undefined}"'], options).toString().trim();
		delete process.env.BROOD_T;
		console.log(text());
		process.env.BROOD_T = '1';
		console.log(text());
		Object.defineProperty(process.env, 'BROOD_T', { value: '2', configurable: true, writable: true, enumerable: true });
		console.log(text());
		delete process.env.BROOD_T;
		console.log(text());
		Object.prototype.BROOD_T = 'inherited';
		console.log(text());
		console.log(text({ env: { BROOD_T: 'own' } }));
		delete Object.prototype.BROOD_T;
		console.log(text());`))
}

func TestTheEnvironmentOfAChildIsAListOfItsOwn(t *testing.T) {
	require.Equal(t, []string{"true false"}, printed(t, `
		const { ChildProcess, spawnSync } = require('child_process');
		const lists = [];
		const { spawn } = ChildProcess.prototype;
		ChildProcess.prototype.spawn = function (options) {
			lists.push(options.envPairs.slice());
			options.envPairs.push('MORE=1');
			return Reflect.apply(spawn, this, [options]);
		};
		for (let i = 0; i < 2; i++) require('child_process').spawn('/bin/true');
		console.log(String(lists[0]) === String(lists[1]), lists[1].includes('MORE=1'));`))
}
