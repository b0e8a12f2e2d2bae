package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStdinOfAChildIsThereWheneverItIsAskedFor(t *testing.T) {
	require.Equal(t, []string{
		"keys true true", "close 0", "written abc", "after true false true", "stdin closed", "shown Writable true", "set own own", "later true",
	}, printed(t, `
		const { spawn } = require('child_process');
		const { inspect } = require('util');
		const ended = (child) => new Promise((resolve) => child.on('close', resolve));
		(async () => {
			let c = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] });
			console.log('keys', Object.keys(c).includes('stdin'), Object.keys(c).includes('stdio'));
			c.kill();
			await ended(c);

			c = spawn('true');
			console.log('close', await ended(c));

			c = spawn('cat');
			c.stdin.end('abc\n');
			c.stdout.on('data', (text) => console.log('written', String(text).trim()));
			await ended(c);

			c = spawn('true');
			await ended(c);
			console.log('after', c.stdin.destroyed, c.stdin.writable, c.stdio[0] === c.stdin);
			await ended(c.stdin);
			console.log('stdin closed');

			c = spawn('cat');
			const shown = inspect(c);
			console.log('shown', /stdin: <ref \*\d+> Socket|stdin: Socket/.test(shown) ? 'Writable' : shown, !shown.includes('Getter'));
			c.stdin.end();
			await ended(c);

			c = spawn('true');
			c.stdin.end();
			const own = { destroy() {}, toString: () => 'own' };
			c.stdin = own;
			console.log('set', String(c.stdin), String(Object.create(c).stdin));
			await ended(c);

			c = spawn('cat');
			const { stdin } = c;
			setImmediate(() => stdin.end());
			await ended(c);
			console.log('later', stdin.destroyed);
		})();`))
}

func TestAChildWithUnusedStdinIsCollected(t *testing.T) {
	r := runProgram(t, `
		const { spawn } = require('child_process');
		const refs = [];
		const start = () => new Promise((resolve) => {
			const child = spawn('true');
			refs.push(new WeakRef(child));
			child.on('close', () => resolve());
		});
		(async () => {
			for (let i = 0; i < 10; i++) await start();
			await new Promise(setImmediate);
			gc();
			await new Promise(setImmediate);
			console.log('let go', refs.filter((ref) => ref.deref() === undefined).length >= 8);
		})();`, "--expose-gc")
	require.Equal(t, "let go true", r.stdout, r.stderr)
}
