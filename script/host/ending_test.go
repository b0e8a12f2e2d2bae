package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeferredCallsOfExitListeners(t *testing.T) {
	r := runProgram(t, `
		process.on('exit', () => {
			setTimeout(() => console.log('timer'), 0);
			process.nextTick(() => console.log('tick'));
			Promise.resolve().then(() => console.log('reaction'));
		});`)
	require.Equal(t, result{"reaction", "", 0}, r)
	r = runProgram(t, "process.on('exit', async () => { throw new Error('boom'); })")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "Error: boom")
	r = runProgram(t, "process.on('exit', () => Promise.resolve().then(() => console.log('never'))); process.exit(3)")
	require.Equal(t, result{"", "", 3}, r)
}

func TestAnExceptionThatCannotBeInspectedEndsAScriptAsAnother(t *testing.T) {
	for _, source := range []string{
		"const e = new Error('x'); Object.defineProperty(e, 'stack', { get() { throw new Error('evil'); } }); throw e",
		"throw { get stack() { throw 1; }, [Symbol.for('nodejs.util.inspect.custom')]() { throw 3; }, toString() { throw 4; } }",
		"Error = null; null.x",
		"Object.prototype.get = 1; null.x",
		"process._fatalException = (e) => { throw { toString() { throw e; } }; }; throw new Error('x')",
	} {
		r := runProgram(t, source)
		require.Contains(t, []int{1, 7}, r.code, source)
		require.Contains(t, r.stderr, "\n\nNode.js v", source)
		require.NotContains(t, r.stderr, "evil", source)
	}
}

func TestMicrotasksDoNotNeedThePromisesOfTheScript(t *testing.T) {
	require.Equal(t, []string{"microtask"},
		printed(t, "Promise.prototype.then = () => { throw 1; }; queueMicrotask(() => console.log('microtask'))"))
}

func TestASignalThatCannotBeCaught(t *testing.T) {
	require.Equal(t, []string{"uv_signal_start EINVAL EINVAL -22 uv_signal_start 0"}, printed(t, `
		try {
			process.on('SIGKILL', () => {});
		} catch (e) {
			console.log(e.message, e.code, e.errno, e.syscall, process.listenerCount('SIGKILL'));
		}`))
}

func TestTheEnvironmentHasWhatProgramsCanRead(t *testing.T) {
	requireExamples(t, "process.env['a=b'] = 1; process.env[''] = 2; process.env.c = 'd\\0e'; process.env['f\\0g'] = 3;",
		[]example{
			{`['a=b', 'a', '', 'c', 'f', 'f\0g'].map((name) => process.env[name] ?? null)`, `[null,null,null,"d","3",null]`},
			{`structuredClone(process.env).c`, `"d"`},
		})
}

func TestAServerThatIsClosedBeforeTheExitHasTheLoopGoOn(t *testing.T) {
	require.Equal(t, []string{"before", "listening", "before", "exit"}, printed(t, `
		let left = 1;
		process.on('beforeExit', () => {
			console.log('before');
			if (left-- === 0) return;
			const server = require('net').createServer().listen(0, '127.0.0.1', () => {
				console.log('listening');
				server.close();
			});
		});
		process.on('exit', () => console.log('exit'));`))
}
