package host_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheEventsOfAChildComeInOrder(t *testing.T) {
	lines := printed(t, `
		const { spawn } = require('child_process');
		const tell = (...what) => console.log(JSON.stringify(what));
		function follow(child, done) {
			for (const name of ['spawn', 'exit', 'close']) child.on(name, (...args) => tell(name, ...args));
			child.on('close', done);
			return child;
		}
		const first = follow(spawn('/bin/sh', ['-c', 'printf out; printf err >&2; exit 3']), () => {
			follow(spawn('/bin/cat'), () => {
				const missing = spawn('nothing.here', ['x']);
				missing.on('error', ({ code, message, errno, syscall, path, spawnargs }) => tell(code, message, errno, syscall, path, spawnargs, missing.pid));
				missing.on('close', (...args) => tell('close', ...args));
			}).kill('SIGKILL');
		});
		first.stdout.on('data', (d) => tell(String(d)));
		first.stderr.on('data', (d) => tell(String(d)));
		tell(typeof first.pid, first.spawnfile, first.connected);`)
	data := []string{`["out"]`, `["err"]`} // The data may come before or after the child's exit.
	require.Subset(t, lines[2:5], data)
	require.Equal(t, `["close",3,null]`, lines[5])
	require.Equal(t, []string{
		`["number","/bin/sh",false]`, `["spawn"]`, `["exit",3,null]`, `["close",3,null]`, `["spawn"]`,
		`["exit",null,"SIGKILL"]`, `["close",null,"SIGKILL"]`,
		`["ENOENT","spawn nothing.here ENOENT",-2,"spawn nothing.here","nothing.here",["x"],null]`, `["close",-2,null]`,
	}, slices.DeleteFunc(lines, func(line string) bool { return slices.Contains(data, line) }))
}

func TestExecTellsHowItsCommandHasFailed(t *testing.T) {
	require.Equal(t, []string{
		`{"code":2,"killed":false,"signal":null,"cmd":"echo out; echo err >&2; exit 2","message":"Command failed: echo out; echo err >&2; exit 2\nerr\n"} "out\n" "err\n"`,
		`{"code":null,"killed":true,"signal":"SIGKILL","cmd":"sleep 60"}`,
		`{"code":"ERR_CHILD_PROCESS_STDIO_MAXBUFFER","message":"stdout maxBuffer length exceeded"} "yyyy"`,
		`{"code":"ABORT_ERR","name":"AbortError"}`,
		`{"code":"ENOENT","message":"spawn nothing.here ENOENT","path":"nothing.here"}`,
		`ok null Buffer 2`,
	}, printed(t, `
		const { exec, execFile } = require('child_process');
		const pick = (error, ...names) => JSON.stringify(Object.fromEntries(names.map((name) => [name, error[name]])));
		exec('echo out; echo err >&2; exit 2', (e, out, err) => {
			console.log(pick(e, 'code', 'killed', 'signal', 'cmd', 'message'), JSON.stringify(out), JSON.stringify(err));
			exec('sleep 60', { timeout: 20, killSignal: 'SIGKILL' }, (e) => {
				console.log(pick(e, 'code', 'killed', 'signal', 'cmd'));
				execFile('yes', { maxBuffer: 4, encoding: 'latin1' }, (e, out) => {
					console.log(pick(e, 'code', 'message'), JSON.stringify(out.replaceAll('\n', 'y')));
					const stop = new AbortController();
					execFile('sleep', ['60'], { signal: stop.signal }, (e) => {
						console.log(pick(e, 'code', 'name'));
						execFile('nothing.here', (e) => {
							console.log(pick(e, 'code', 'message', 'path'));
							execFile('printf', ['%s', 'é'], { encoding: 'buffer' }, (e, out) => console.log('ok', e, out.constructor.name, out.length));
						});
					});
					stop.abort();
				});
			});
		});`))
}

func TestExecIsPromised(t *testing.T) {
	require.Equal(t, []string{`{"stdout":"hi\n","stderr":""} number`, `7 "" "oops\n"`}, printed(t, `
		const { promisify } = require('util');
		const { exec, execFile } = require('child_process');
		(async () => {
			const promise = promisify(execFile)('echo', ['hi']);
			console.log(JSON.stringify(await promise), typeof promise.child.pid);
			try {
				await promisify(exec)('echo oops >&2; exit 7');
			} catch (e) {
				console.log(e.code, JSON.stringify(e.stdout), JSON.stringify(e.stderr));
			}
		})();`))
}

func TestTheSynchronousForms(t *testing.T) {
	require.Equal(t, []string{
		`0 null "HI" [null,"HI",""]`, `null SIGTERM ETIMEDOUT spawnSync sleep ETIMEDOUT`, `ENOBUFS true`,
		`ENOENT spawnSync nothing.here ENOENT null`,
		`Command failed: exit 3 3`, `out`, `true`,
	}, printed(t, `
		const { execFileSync, execSync, spawnSync } = require('child_process');
		const done = spawnSync('tr', ['a-z', 'A-Z'], { input: 'hi', encoding: 'utf8' });
		console.log(done.status, done.signal, JSON.stringify(done.stdout), JSON.stringify(done.output));
		const late = spawnSync('sleep', ['60'], { timeout: 20 });
		console.log(late.status, late.signal, late.error.code, late.error.message);
		const long = spawnSync('yes', { maxBuffer: 4 });
		console.log(long.error.code, long.stdout.length < 1e6);
		const missing = spawnSync('nothing.here');
		console.log(missing.error.code, missing.error.message, missing.status);
		try {
			execSync('exit 3');
		} catch (e) {
			console.log(e.message, e.status);
		}
		console.log(execFileSync('printf', ['out'], { encoding: 'utf8' }));
		console.log(Buffer.isBuffer(execSync('echo')));`))
}

func TestSerializationSaysNothingWithoutAChannel(t *testing.T) {
	require.Equal(t, []string{"undefined a"}, printed(t, `
		const { error, stdout } = require('child_process').spawnSync('printf', ['a'], { serialization: 'advanced' });
		console.log(error, stdout.toString());
	`))
}

func TestSlotsOfEveryKind(t *testing.T) {
	lines := printedBy(t, `
		const { spawn, spawnSync } = require('child_process');
		const fs = require('fs');
		const path = require('path');
		const file = path.join(dir, 'out');
		const fd = fs.openSync(file, 'w');
		spawnSync('sh', ['-c', 'echo to the file; echo too >&2'], { stdio: ['ignore', fd, fd] });
		fs.closeSync(fd);
		console.log(fs.readFileSync(file, 'utf8').split('\n').join());
		const extra = spawn('sh', ['-c', 'read line <&3; echo "$line" >&4'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'overlapped'] });
		console.log(extra.stdin, extra.stdout, extra.stdio.length);
		extra.stdio[3].end('by the third\n');
		extra.stdio[4].on('data', (d) => console.log(String(d).trim()));
		extra.on('close', () => {
			const source = spawn('printf', ['a\nb\n']);
			const sink = spawn('wc', ['-l'], { stdio: [source.stdout, 'pipe', 'inherit'] });
			sink.stdout.on('data', (d) => console.log('lines', String(d).trim()));
			sink.on('close', () => {
				for (const stdio of ['nonsense', [{}], ['pipe', 'pipe', 'pipe', 'ipc', 'ipc']]) {
					try {
						spawn('true', { stdio });
					} catch (e) {
						console.log(e.code);
					}
				}
				try {
					spawn('true', { stdio: ['pipe', 'pipe', 12345] });
				} catch (e) {
					console.log(e.code);
				}
			});
		});`)
	require.Equal(t, []string{
		"to the file,too,", "null null 5", "by the third", "lines 2", "ERR_INVALID_ARG_VALUE", "ERR_INVALID_ARG_VALUE",
		"ERR_IPC_ONE_PIPE", "EBADF",
	}, lines)
}

func TestAnUnreferencedChildDoesNotHoldTheScript(t *testing.T) {
	require.Equal(t, []string{"over"}, printed(t, `
		const child = require('child_process').spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
		child.unref();
		process.on('exit', () => {
			process.kill(child.pid);
			console.log('over');
		});`))
}

func TestAMillionBytesGoThroughAChild(t *testing.T) {
	require.Equal(t, []string{"true", "0"}, printed(t, `
		const { spawn } = require('child_process');
		const text = 'brood'.repeat(4e5);
		const child = spawn('cat');
		const chunks = [];
		child.stdout.on('data', (chunk) => chunks.push(chunk));
		child.on('close', (code) => {
			console.log(Buffer.concat(chunks).toString() === text);
			console.log(code);
		});
		child.stdin.end(text);`))
}

func TestAChildThatReadsNothingIsAnErrorOfItsInput(t *testing.T) {
	require.Equal(t, []string{"EPIPE", "close 0"}, printed(t, `
		const child = require('child_process').spawn('true');
		child.on('exit', () => {});
		child.stdin.on('error', (e) => console.log(e.code));
		child.stdin.write(Buffer.alloc(1e6));
		child.on('close', (code) => console.log('close', code));`))
}

func TestNothingIsLeftOfChildren(t *testing.T) {
	if testing.Short() {
		t.Skip("some hundred processes")
	}
	require.Equal(t, []string{"true", "true", "0 children"}, printed(t, `
		const { spawn, spawnSync } = require('child_process');
		const fs = require('fs');
		const open = () => fs.readdirSync('/dev/fd').length;
		const resident = () => process.memoryUsage.rss();
		let left = 250;
		let before;
		let memory;
		function next() {
			if (left === 200) {
				before = open();
				memory = resident();
			}
			if (left-- > 0) {
				const child = spawn(left % 10 === 0 ? 'nothing.here' : '/bin/true', [], { stdio: ['pipe', 'pipe', 'inherit', 'pipe'] });
				child.on('error', () => {});
				child.on('close', next);
				return;
			}
			setImmediate(() => {
				console.log(open() <= before);
				console.log(resident() - memory < 16 << 20);
				const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' });
				console.log(stdout.trim().split('\n').length - 1, 'children'); // One of them is ps.
			});
		}
		next();`))
}

func TestWorkerThreadsLoadsButCannotMakeAWorker(t *testing.T) {
	require.Equal(t, []string{"true 0 null null", "ERR_FEATURE_UNAVAILABLE_ON_PLATFORM"}, printed(t, `
		const { Worker, isMainThread, parentPort, threadId, workerData } = require('worker_threads');
		console.log(isMainThread, threadId, parentPort, workerData);
		try {
			new Worker('x.js');
		} catch (e) {
			console.log(e.code);
		}`))
}
