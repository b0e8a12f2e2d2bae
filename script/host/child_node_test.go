package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAProgramIsStartedAsByExecvp(t *testing.T) {
	dir := files(t, map[string]string{"script": "echo from $0 $1; exit 3\n"})
	require.Equal(t, []string{
		`./script sync 3 from ./script a`, `./script 3 from ./script a`, `script sync 3 from ./script a`,
		`script 3 from ./script a`,
		`./other sync ENOENT`, `./other ENOENT`,
	}, printed(t, `
		const { spawn, spawnSync } = require('child_process');
		const fs = require('fs');
		process.chdir(`+quote(dir)+`);
		fs.chmodSync('script', 0o755);
		(async () => {
			for (const file of ['./script', 'script', './other']) {
				const options = { env: { PATH: '.' } };
				const done = spawnSync(file, ['a'], options);
				console.log(file, 'sync', done.error ? done.error.code : done.status + ' ' + String(done.stdout).trim());
				await new Promise((resolve) => {
					let out = '';
					const child = spawn(file, ['a'], options);
					child.stdout.on('data', (chunk) => out += chunk);
					child.on('error', (error) => console.log(file, error.code));
					child.on('close', (code) => {
						if (code >= 0) console.log(file, code, out.trim());
						resolve();
					});
				});
			}
		})();`))
}

func TestOptionsOfAChildAreChecked(t *testing.T) {
	requireExamples(t,
		`const cp = require('child_process'); const quiet = (child) => { child.on('error', () => {}); return child; };`,
		[]example{
			{`cp.spawn('true', { cwd: 'a\0' })`,
				`TypeError ERR_INVALID_ARG_VALUE: The property 'options.cwd' must be a string, Uint8Array, or URL without null bytes. Received 'a\x00'`},
			{`cp.spawn('true', { cwd: new Uint8Array(1) })`,
				`TypeError ERR_INVALID_ARG_VALUE: The property 'options.cwd' must be a string, Uint8Array, or URL without null bytes. Received Uint8Array(1) [ 0 ]`},
			{`cp.spawn('true', { uid: -1 })`, `Error EINVAL: spawn EINVAL`},
			{`cp.exec('true', { maxBuffer: NaN })`,
				`RangeError ERR_OUT_OF_RANGE: The value of "options.maxBuffer" is out of range. It must be >= 0. Received NaN`},
			{`cp.execFileSync('true', [], function f() {})`,
				`TypeError ERR_INVALID_ARG_TYPE: The "options" argument must be of type object. Received function f`},
			{`quiet(cp.spawn('true', [null, 5, ['a']])).spawnargs`, `["true",null,5,["a"]]`},
			{`Object.keys(cp.spawnSync('true')).join()`, `"status,signal,output,pid,stdout,stderr"`},
			{`Object.keys(cp.spawnSync('nothing.here')).join()`, `"error,status,signal,output,pid,stdout,stderr"`},
			{`typeof cp.spawnSync('nothing.here').stdout`, `"undefined"`},
			{`cp.execFileSync('printf', ['%s ', null, 5, ['a', 'b']], { encoding: 'utf8' })`, `"null 5 a,b "`},
			{`quiet(cp.fork('x', { execPath: 'true', stdio: 5, silent: true })).stdin !== null`, `true`},
			{`cp.spawn('true', { detached: 'a'.repeat(28) + '\n' })`,
				`TypeError ERR_INVALID_ARG_TYPE: The "options.detached" property must be of type boolean. Received type string ('aaaaaaaaaaaaaaaaaaaaaaaaa...')`},
			{`cp.spawn('true', { detached: "it's\n" })`,
				`TypeError ERR_INVALID_ARG_TYPE: The "options.detached" property must be of type boolean. Received type string ("it's\n")`},
		})
}

func TestABadMessageCostsNoOther(t *testing.T) {
	require.Equal(t, []string{`"\ufffd\ufffd"`, `"ok"`, `null 0`}, printed(t, `
		const child = require('child_process').spawn('/bin/sh', ['-c', String.raw`+"`"+`
			printf '"\377\376"\nno json\n\n' >&3
			head -c 9000 /dev/zero | tr '\0' '[' >&3; head -c 9000 /dev/zero | tr '\0' ']' >&3; printf '\n"ok"\n' >&3
		`+"`"+`], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
		child.on('message', (m) => {
			if (typeof m === 'string') console.log(JSON.stringify(m).replace(/\ufffd/g, '\\ufffd'));
		});
		child.on('close', (code, signal) => console.log(signal, code));`))
}

func TestExecKeepsToTheMessagesAndOptionsOfNode(t *testing.T) {
	require.Equal(t, []string{`"Command failed: exit 3\n" /bin/sh`}, printed(t, `
		const child = require('child_process').exec('exit 3', { argv0: 'other' }, (error) => console.log(JSON.stringify(error.message), child.spawnargs[0]));`))
}

func TestSentMessagesSurviveTheSendersExit(t *testing.T) {
	require.Equal(t, []string{"exit 150 0", "throw 150 1", "kill 150 SIGKILL", "abort 150 SIGABRT"}, printedBy(t, `
		const ends = { exit: () => process.exit(), throw: () => { throw 1; }, kill: () => process.kill(process.pid, 'SIGKILL'), abort: () => process.abort() };
		if (process.argv[2]) {
			for (let i = 0; i < 150; i++) process.send(i);
			ends[process.argv[2]]();
		} else {
			(async () => {
				for (const how in ends) {
					let n = 0;
					const child = require('child_process').fork(__filename, [how], { silent: true });
					child.on('message', () => n++);
					await new Promise((resolve) => child.on('close', (code, signal) => resolve(console.log(how, n, signal ?? code))));
				}
			})();
		}`))
}

func TestAWorkerThatCannotListenGetsNodesError(t *testing.T) {
	require.Equal(t, []string{"EADDRINUSE bind bind EADDRINUSE null:PORT"}, printedBy(t, `
		const cluster = require('cluster');
		const net = require('net');
		if (cluster.isWorker) {
			net.createServer().listen(+process.env.PORT).on('error', (e) => process.send([e.code, e.syscall, e.message].join(' ')));
		} else {
			const server = net.createServer().listen(0, () => {
				const { port } = server.address();
				cluster.fork({ PORT: port }).on('message', function (m) {
					console.log(m.replace(port, 'PORT'));
					this.disconnect();
					server.close();
				});
			});
		}`))
}

func TestHalvesOfPairsGoOutAsTheReplacementCharacter(t *testing.T) {
	const half = "\uFFFD"
	require.Equal(t, []string{half, half, half, half, half}, printed(t, `
		const { spawn, spawnSync } = require('child_process');
		const fs = require('fs');
		console.log('\ud800');
		fs.writeSync(1, '\udfff\n');
		process.stdout.write(spawnSync('echo', ['\ud800']).stdout);
		process.stdout.write(spawnSync('printenv', ['A'], { env: { ...process.env, A: '\ud800' } }).stdout);
		spawn('cat', { stdio: ['pipe', 'inherit', 'inherit'] }).stdin.end('\ud800\n');`))
}

func TestSignalsHaveTheirOtherNames(t *testing.T) {
	require.Equal(t, []string{"SIGABRT", "SIGABRT"}, printed(t, `
		const { signals } = require('os').constants;
		const child = require('child_process').spawn('sleep', ['60']);
		child.kill('SIGIOT');
		child.on('exit', (code, signal) => {
			console.log(signal);
			console.log(Object.keys(signals).find((name) => signals[name] === signals.SIGIOT));
		});`))
}
