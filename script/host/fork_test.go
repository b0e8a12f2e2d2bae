package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// runFile runs a script in a file, which may start process.execPath with files of its own. The
// script's dir is a writable directory. BROOD_TEST_PROGRAM is as for runScript.
func runFile(t *testing.T, source string, args ...string) result {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "main.js")
	source = fmt.Sprintf("const dir = %q;\n%s", dir, source)
	require.NoError(t, os.WriteFile(file, []byte(source), 0o600))
	program := os.Getenv("BROOD_TEST_PROGRAM")
	if program == "" {
		program = filepath.Join(dir, "program")
		self, argv := helperproc.Command("file")
		text := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' \"$0\" \"$@\"\n", self, argv[0])
		require.NoError(t, os.WriteFile(program, []byte(text), 0o700))
	}
	return execute(t, program, append([]string{file}, args...)...)
}

// printedBy runs a script in a file, which must exit with 0, and returns its lines.
func printedBy(t *testing.T, source string) []string {
	t.Helper()
	r := runFile(t, source)
	require.Equal(t, 0, r.code, "%s", r.stderr)
	require.Empty(t, r.stderr)
	return strings.Split(r.stdout, "\n")
}

func init() { helperproc.Register("file", fileProcess) }

// fileProcess is the helper that process.execPath starts: its arguments are that path, options, and
// the file with its arguments.
func fileProcess(args []string) {
	at := 1 + slices.IndexFunc(args[1:], func(a string) bool { return !strings.HasPrefix(a, "-") })
	loop, err := reactor.New(nil)
	if err != nil {
		panic(err)
	}
	h, err := host.New(loop, &host.Options{ExecPath: args[0], ExecArgv: args[1:at], Args: args[at:]})
	if err != nil {
		panic(err)
	}
	_ = h.MainFile(args[at]) // The script has got the error, and has ended with a code.
	code, err := h.Run()
	if err != nil {
		panic(err)
	}
	helperproc.Exit(code)
}

func TestMessagesGoBothWaysInOrder(t *testing.T) {
	require.Equal(t, []string{
		"[null,1,-0.5,true,\"\\u0000é\",{\"a\":[1,{}]}]", "last", "disconnect false null", "exit 0 null",
	}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') {
			process.on('message', (m) => {
				if (m === 'end') process.disconnect();
				else process.send(m);
			});
		} else {
			const child = fork(__filename, ['child']);
			const got = [];
			child.on('message', (m) => {
				if (m !== 'last') got.push(m);
				else {
					console.log(JSON.stringify(got));
					console.log(m);
					child.send('end');
				}
			});
			for (const m of [null, 1, -0.5, true, '\u0000é', { a: [1, {}] }, 'last']) child.send(m);
			child.on('disconnect', () => console.log('disconnect', child.connected, child.channel));
			child.on('exit', (...args) => console.log('exit', ...args));
		}`))
}

func TestAdvancedMessagesKeepTheirValues(t *testing.T) {
	require.Equal(t, []string{"equal", "same", "hole", "Error: () => {} could not be cloned.", "Error: Symbol(x) could not be cloned."}, printedBy(t, `
		const { fork } = require('child_process');
		const { isDeepStrictEqual } = require('util');
		if (process.argv[2] === 'child') {
			process.on('message', (m) => process.send(m));
		} else {
			const child = fork(__filename, ['child'], { serialization: 'advanced' });
			const shared = { x: 1 };
			const list = [shared, shared];
			const circle = { list };
			circle.self = circle;
			const all = {
				u: undefined, n: null, z: -0, big: 2n ** 70n, nan: NaN, date: new Date(1e12), bad: new Date(NaN), re: /a\/b/gi, map: new Map([[shared, [1]]]),
				set: new Set(['a', NaN]), bytes: Buffer.from('hé'), plain: new Uint8Array([1, 2]), floats: new Float64Array([Math.PI]), ints: new BigInt64Array([-1n]),
				view: new DataView(new ArrayBuffer(3), 1), buffer: new ArrayBuffer(4), boxed: Object(5), text: Object('s'), lone: '\ud800', ['__proto__']: 1,
				error: new RangeError('far', { cause: 'c' }), sparse: [1, , 3],
			};
			child.once('message', (got) => {
				console.log(isDeepStrictEqual(got, all) ? 'equal' : got);
				child.once('message', (got) => {
					console.log(got.self === got && got.list[0] === got.list[1] ? 'same' : got);
					child.once('message', (got) => {
						console.log(0 in got ? 'filled' : 'hole');
						for (const bad of [() => {}, Symbol('x')]) {
							try {
								child.send({ bad });
							} catch (e) {
								console.log(String(e));
							}
						}
						child.disconnect();
					});
					child.send([, 1]);
				});
				child.send(circle);
			});
			child.send(all);
		}`))
}

func TestSentMessagesArriveAfterTheSendersExit(t *testing.T) {
	require.Equal(t, []string{"2000000 true"}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') {
			process.send('x'.repeat(2e6));
			process.channel.unref();
		} else {
			fork(__filename, ['child']).on('message', function (m) { console.log(m.length, this.connected); });
		}`))
}

func TestMessagesWaitForAListener(t *testing.T) {
	require.Equal(t, []string{"1,2", "3"}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') {
			for (const m of [1, 2, 3]) process.send(m);
			// Keeps the channel open: queued messages are dropped with it.
			process.on('message', () => {});
		} else {
			const child = fork(__filename, ['child']);
			child.on('internalMessage', () => {});
			setTimeout(() => {
				const got = [];
				child.on('message', function listener(m) {
					got.push(m);
					if (got.length < 2) return;
					child.removeListener('message', listener);
					console.log(got.join());
					setImmediate(() => child.on('message', (m) => {
						console.log(m);
						child.disconnect();
					}));
				});
			}, 100);
		}`))
}

func TestAChannelOfAChildEndsWithItsListeners(t *testing.T) {
	require.Equal(t, []string{"exit 0", "exit 0"}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'removed') {
			process.on('message', () => {});
			setImmediate(() => process.removeAllListeners('message'));
		} else if (process.argv[2] === 'unref') {
			process.on('message', () => {});
			process.channel.unref();
		} else {
			fork(__filename, ['removed']).on('exit', (code) => {
				console.log('exit', code);
				fork(__filename, ['unref']).on('exit', (code) => console.log('exit', code));
			});
		}`))
}

func TestAPeerThatSendsNonsenseIsSurvived(t *testing.T) {
	require.Equal(t, []string{"good", "exit 0"}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') {
			const fs = require('fs');
			const { fd } = process.channel;
			fs.writeSync(fd, '{]\n\x00\xff\n{"cmd":"NODE_HANDLE","type":"net.Socket"}\n{"cmd":"NODE_CLUSTER","ack":7}\n"good"\n');
		} else {
			const child = fork(__filename, ['child']);
			child.on('message', (m, handle) => console.log(m));
			child.on('exit', (code) => console.log('exit', code));
		}`))
}

func TestSendingWithoutAChannel(t *testing.T) {
	require.Equal(t, []string{
		"undefined", "ERR_IPC_CHANNEL_CLOSED false", "ERR_IPC_DISCONNECTED", "ERR_MISSING_ARGS", "ERR_INVALID_ARG_TYPE",
		"ERR_INVALID_HANDLE_TYPE",
	}, printedBy(t, `
		const { fork } = require('child_process');
		if (process.argv[2] === 'child') return;
		console.log(process.send);
		const child = fork(__filename, ['child']);
		const attempt = (...args) => {
			try {
				child.send(...args);
			} catch (e) {
				late.push(e.code);
			}
		};
		const late = [];
		attempt();
		attempt(Symbol());
		attempt('m', {});
		child.disconnect();
		const sent = child.send('m', (e) => {
			console.log(e.code, sent);
			child.on('error', (e) => console.log(e.code));
			child.disconnect();
			late.forEach((code) => console.log(code));
		});`))
}
