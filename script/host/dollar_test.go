package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// dollar runs a script that uses $, and returns its lines: the JSON of each value that it passes to
// tell.
func dollar(t *testing.T, source string) []string {
	t.Helper()
	return printed(t, `
		const tell = (...what) => console.log(what.map((one) => JSON.stringify(one)).join(' '));
		const failure = (promise) => Promise.resolve(promise).then(() => 'no failure', (e) => e);
		(async () => {`+source+`
		})();`)
}

func TestValuesOfATemplateAreData(t *testing.T) {
	require.Equal(t, []string{
		`"[a'b \"c\" $(id) ]\n"`, `"[]\n"`, `"[-n] [1.5] [true] [10] [/a b] [http://x/y]\n"`, `"[a] [b c]\n"`, `"[x a b y]\n"`, `"none\n"`, `"[nested]\n"`, `"[é😀]\n"`,
		`[255,65]`, `"7\n"`, `"x\n$HOME ` + "`x`" + `\n"`, `"[\\n] [\\1]\n"`,
	}, dollar(t, `
		const hostile = 'a\'b "c" $(id) ';
		tell(await $`+"`printf '[%s]\\n' ${hostile}`"+`.text());
		tell(await $`+"`printf '[%s]\\n' ${''}`"+`.text());
		tell(await $`+"`printf '[%s] [%s] [%s] [%s] [%s] [%s]\\n' ${'-n'} ${1.5} ${true} ${10n} ${new URL('file:///a%20b')} ${new URL('http://x/y')}`"+`.text());
		tell(await $`+"`printf '[%s] [%s]\\n' ${['a', 'b c']}`"+`.text());
		tell(await $`+"`printf '[%s]\\n' \"x ${['a', 'b']} y\"`"+`.text());
		tell(await $`+"`echo none ${[]}`"+`.text());
		tell(await $`+"`printf '[%s]\\n' ${$`echo nested`}`"+`.text());
		tell(await $`+"`printf '[%s]\\n' ${'é😀'}`"+`.text());
		tell([...await $`+"`printf %s ${Buffer.from([255, 65])}`"+`.buffer()]);
		tell(await $`+"`echo $(( ${3} + ${'4'} ))`"+`.text());
		tell(await $`+"`cat <<EOF\nx\n${'$HOME `x`'}\nEOF`"+`.text());
		tell(await $`+"`printf '[%s] [%s]\\n' '\\n' '\\1'`"+`.text());`))
}

func TestValuesThatCannotBeDataAreErrors(t *testing.T) {
	require.Equal(t, []string{
		`"TypeError ERR_INVALID_ARG_VALUE"`, `"TypeError ERR_INVALID_ARG_VALUE"`, `"TypeError ERR_INVALID_ARG_TYPE"`, `"TypeError ERR_INVALID_ARG_TYPE"`,
		`"TypeError ERR_INVALID_ARG_TYPE"`, `"TypeError ERR_INVALID_ARG_TYPE"`, `"TypeError ERR_INVALID_ARG_TYPE"`, `"TypeError ERR_INVALID_ARG_VALUE"`,
		`"TypeError ERR_INVALID_ARG_TYPE"`, `"TypeError ERR_INVALID_ARG_VALUE"`,
	}, dollar(t, `
		for (const value of ['a\0b', Buffer.from([0]), undefined, null, {}, () => {}, [['a']], ['a\0']]) {
			const e = await failure($`+"`echo ${value}`"+`);
			tell(e.name + ' ' + e.code);
		}
		for (const make of [() => $('ls'), () => $({ bogus: 1 })]) {
			try { make(); } catch (e) { tell(e.name + ' ' + e.code); }
		}`))
}

func TestAFailedCommandTellsHowAndWhere(t *testing.T) {
	lines := dollar(t, `
		const e = await failure($`+"`echo out; echo err >&2; exit 3`"+`);
		tell(e.name, e.exitCode, e.signal, e.stdout, e.stderr, e.command);
		tell(e.message.replace(/\(.*\)/, '(place)'));
		tell(/\n    at .*:\d+:\d+$/.test(e.stack));
		const killed = await failure($`+"`kill -9 $$`"+`);
		tell(killed.exitCode, killed.signal, killed.message.replace(/\(.*\)/, '(place)'));
		const missing = await failure($({ cwd: '/nothing/here' })`+"`true`"+`);
		tell(missing.code, missing.cause.path);
		tell((await failure($({ shell: '/nothing/here' })`+"`true`"+`)).code);
		tell((await failure($`+"`echo ${'x'.repeat(3e5)}`"+`)).code);
		tell((await $`+"`exit 4`"+`.nothrow()).exitCode, await $`+"`exit 5`"+`.exitCode);
		tell((await failure($`+"`echo ${$`exit 6`}`"+`)).exitCode);`)
	require.Equal(t, []string{
		`"ProcessError" 3 null "out\n" "err\n" "echo out; echo err >&2; exit 3"`,
		`"Command failed with exit code 3: echo out; echo err >&2; exit 3 (place)\nerr"`, `true`,
		`null "SIGKILL" "Command was ended by SIGKILL: kill -9 $$ (place)"`, `"ENOENT" "/nothing/here"`, `"ENOENT"`, `"E2BIG"`, `4 5`, `6`,
	}, lines)
}

func TestNoProcessIsLeftOfAKilledCommand(t *testing.T) {
	require.Equal(t, []string{
		`"timedOut" "SIGTERM" true`, `"forced" "SIGKILL"`, `"kill" true "SIGTERM"`, `"signal" true "SIGUSR1"`, `"abort" "ABORT_ERR" "why"`, `"before" "ABORT_ERR"`,
		`"method" "ABORT_ERR"`, `"maxBuffer" "ERR_CHILD_PROCESS_STDIO_MAXBUFFER" 10`, `"pipes" "SIGTERM"`, `"left" ""`,
	}, dollar(t, `
		const marker = '86423' + process.pid;
		let e = await failure($`+"`sleep ${marker} | sleep ${marker}`"+`.timeout('50ms'));
		tell('timedOut', e.signal, e.timedOut);
		e = await failure($({ killGrace: 50, timeout: 50 })`+"`trap '' TERM; while :; do sleep ${marker}; done`"+`);
		tell('forced', e.signal);
		let p = $`+"`sleep ${marker} & sleep ${marker}; :`"+`;
		p.pid;
		const was = p.kill();
		tell('kill', was, (await failure(p)).signal);
		p = $`+"`sleep ${marker}; :`"+`;
		tell('signal', p.kill('SIGUSR1'), (await failure(p)).signal);
		const stop = new AbortController();
		p = $({ signal: stop.signal })`+"`sleep ${marker}; :`"+`;
		p.pid;
		stop.abort(new Error('why'));
		e = await failure(p);
		tell('abort', e.code, e.cause.message);
		tell('before', (await failure($({ signal: stop.signal })`+"`echo`"+`)).code);
		p = $`+"`sleep ${marker}; :`"+`;
		p.abort();
		tell('method', (await failure(p)).code);
		e = await failure($({ maxBuffer: 10 })`+"`yes`"+`);
		tell('maxBuffer', e.code, e.stdout.length);
		tell('pipes',
			(await failure($`+"`sleep ${marker}; :`"+`.pipe`+"`cat; sleep ${marker}; :`"+`.pipe`+"`cat`"+`.timeout(50))).signal);
		for await (const line of $`+"`sleep ${marker}; :`"+`.pipe`+"`echo; sleep ${marker}`"+`) break;
		const { stdout } = await $`+"`ps -eo args`"+`;
		tell('left', stdout.split('\n').filter((line) => line.startsWith('sleep ' + marker)).join());`))
}

func TestTheEndOfAScriptKillsItsCommands(t *testing.T) {
	for name, end := range map[string]string{
		"exit": "process.exit(3)", "exception": "throw new Error('x')", "rejection": "Promise.reject(new Error('x'))", "signal": "process.kill(process.pid, 'SIGTERM')",
	} {
		t.Run(name, func(t *testing.T) {
			r := runProgram(t, `
				const p = $`+"`echo $$; exec sleep 3600 | cat`"+`;
				p.stdout.once('data', (text) => {
					console.log(String(text));
					setImmediate(() => { `+end+` });
				});`)
			require.NotZero(t, r.code)
			require.NotEmpty(t, r.stdout, r.stderr)
			requireGroupExited(t, r.stdout)
		})
	}
}

func TestCommandsArePipedToEachOther(t *testing.T) {
	require.Equal(t, []string{
		`"b\na\n"`, `"y\n"`, `"a\n"`, `["5\n","5\n"]`, `1 "Command failed with exit code 1: false"`, `4 3`, `0`, `"3\n"`, `"to a file\n" "to a stream\n"`, `"ENOENT"`, `"ERR_INVALID_ARG_VALUE"`,
	}, dollar(t, `
		const fs = require('fs');
		tell(await $`+"`printf 'a\\nb\\n'`"+`.pipe($`+"`sort -r`"+`).text());
		tell(await $`+"`yes`"+`.pipe($`+"`head -1`"+`).text());
		tell(await $`+"`printf 'b\\na\\n'`"+`.pipe`+"`sort`"+`.pipe`+"`head -1`"+`.text());
		const source = $`+"`seq 5`"+`;
		tell(await Promise.all([source.pipe`+"`wc -l | tr -d ' '`"+`.text(), source.pipe`+"`tail -1`"+`.text()]));
		let e = await failure($`+"`false`"+`.pipe`+"`cat`"+`.pipe`+"`cat`"+`);
		tell(e.exitCode, e.shortMessage);
		e = await failure($`+"`exit 3`"+`.pipe`+"`exit 4`"+`);
		tell(e.exitCode, e.pipedFrom.exitCode);
		tell((await $`+"`exit 3`"+`.nothrow().pipe`+"`cat`"+`).exitCode);
		const p = $`+"`wc -c | tr -d ' '`"+`;
		p.stdin.end('abc');
		tell(await p.text());
		const dir = fs.mkdtempSync(require('os').tmpdir() + '/dollar-');
		await $`+"`echo to a file`"+`.pipe(dir + '/file');
		await $`+"`echo to a stream`"+`.pipe(fs.createWriteStream(dir + '/stream'));
		tell(fs.readFileSync(dir + '/file', 'utf8'), fs.readFileSync(dir + '/stream', 'utf8'));
		fs.rmSync(dir, { recursive: true });
		tell((await failure($`+"`echo`"+`.pipe(fs.createWriteStream('/nothing/here')))).code);
		const cat = $`+"`cat`"+`;
		source2 = $`+"`echo`"+`;
		source2.pipe(cat);
		try { $`+"`echo`"+`.pipe(cat); } catch (e) { tell(e.code); }`))
}

func TestLinesAreReadAsTheyCome(t *testing.T) {
	require.Equal(t, []string{
		`["a","b","","cé"]`, `["x"] 3`, `[]`, `["y","y"] "SIGTERM"`, `true`, `"lines" "ERR_INVALID_STATE"`,
	}, dollar(t, `
		const all = async (lines) => { const list = []; for await (const line of lines) list.push(line); return list; };
		tell(await all($`+"`printf 'a\\r\\nb\\n\\nc\\303'; sleep 0.01; printf '\\251'`"+`));
		const got = [];
		try {
			for await (const line of $`+"`echo x; exit 3`"+`) got.push(line);
		} catch (e) {
			tell(got, e.exitCode);
		}
		tell(await all($`+"`true`"+`.lines()));
		const p = $`+"`yes`"+`;
		const two = [];
		for await (const line of p) if (two.push(line) === 2) break;
		tell(two, (await p).signal);
		const before = process.memoryUsage.rss();
		let n = 0;
		for await (const line of $`+"`yes ${'x'.repeat(10000)} | head -c 200000000`"+`) n++;
		tell(n === 19999 && process.memoryUsage.rss() - before < 64 << 20);
		const late = $`+"`echo`"+`;
		await late;
		try { late.lines(); } catch (e) { tell('lines', e.code); }`))
}

func TestOptionsOfCommands(t *testing.T) {
	require.Equal(t, []string{
		`"/\n"`, `"x y\n"`, `"changed\n"`, `".\n"`, `"abc"`, `"from a stream"`, `"big"`, `["1\n2\n3\n4\n5\n",true]`, `"64\n7\n"`, `"ERR_INVALID_ARG_VALUE"`, `{"a":1}`, `"/usr\n" "/usr\n"`, `"/\n"`, `3`,
		`"prefix\n"`, `"é"`,
	}, dollar(t, `
		tell(await $`+"`pwd`"+`.cwd('/').text());
		tell(await $`+"`echo $A`"+`.env({ A: 'x y' }).text());
		process.env.BROOD_TEST = 'changed';
		tell(await $`+"`echo $BROOD_TEST`"+`.text());
		delete process.env.BROOD_TEST;
		tell(await $`+"`echo \"$BROOD_TEST.\"`"+`.text());
		tell(await $({ input: 'abc' })`+"`cat`"+`.text());
		tell(await $({ input: require('stream').Readable.from(['from ', 'a stream']) })`+"`cat`"+`.text());
		tell(await $({ input: Buffer.alloc(2e6, 'big') })`+"`head -c 3`"+`.text());
		const o = await $({ maxBuffer: 10, cutOff: true })`+"`seq 100`"+`;
		tell([o.stdout, o.cutOff]);
		tell(await $({ limits: { files: 64, cpu: 7 } })`+"`ulimit -n; ulimit -t`"+`.text());
		tell((await failure($({ limits: { fles: 64 } })`+"`true`"+`)).code);
		tell(await $`+"`echo '{\"a\": 1}'`"+`.json());
		const own = $({ cwd: '/usr' });
		tell(await own`+"`pwd`"+`.text(), await own({ nothrow: true })`+"`pwd; exit 1`"+`.text());
		$.cwd = '/';
		tell(await $`+"`pwd`"+`.text());
		$.nothrow = true;
		tell((await $`+"`exit 3`"+`).exitCode);
		tell(await $({ prefix: 'x=prefix; ' })`+"`echo $x`"+`.text());
		tell(await $`+"`printf 'é'`"+`.text('utf8'));`))
}

func TestOutputIsShownWhereItIsAskedFor(t *testing.T) {
	r := runProgram(t, "(async () => { await $`echo kept`; await $`echo inherited`.stdio('inherit'); await $`echo ${'shown too'}`.verbose(); await $`echo piped`.pipe(process.stdout); })()")
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "inherited\npiped", r.stdout)
	require.Equal(t, "$ echo 'shown too'\nshown too\n", r.stderr)
}

func TestDollarIsAModuleAndAGlobal(t *testing.T) {
	require.Equal(t, []string{"true true", "function"}, printed(t, `
		const brood = require('brood');
		import('brood').then((module) => console.log(module.$ === brood.$, globalThis.$ === brood.$));
		const $ = 1; // The global may be shadowed.
		process.nextTick(() => setImmediate(() => console.log(typeof brood.quote)));`))
}

func TestCommandsTakeNoDescriptorsAndNoMemoryWithThem(t *testing.T) {
	require.Equal(t, []string{`true true`}, dollar(t, `
		const open = () => require('fs').readdirSync('/dev/fd').length;
		const some = async (n) => {
			for (let i = 0; i < n; i++) {
				await $`+"`echo ${i}`"+`.pipe`+"`cat`"+`;
				for await (const line of $`+"`echo; yes`"+`) break;
				await failure($({ cwd: '/nothing/here' })`+"`true`"+`.pipe`+"`true`"+`);
				await failure($`+"`echo ${null}`"+`.pipe`+"`cat`"+`);
			}
			await new Promise(setImmediate);
		};
		await some(10);
		const [fds, rss] = [open(), process.memoryUsage.rss()];
		await some(50);
		tell(open() <= fds, process.memoryUsage.rss() - rss < 32 << 20);`))
}

func TestAHostThatIsClosedLeavesNothingOfItsCommands(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	require.NoError(t, h.MainText(`
		const running = $`+"`sleep 3600 | sleep 3600`"+`;
		running.stdin;
		$`+"`cat`"+`.lines();
		process.nextTick(() => {
			$`+"`cat`"+`.pipe`+"`cat`"+`.stdout;
			process.exit();
		});`, nil))
	code, err := h.Run()
	require.NoError(t, err)
	require.Zero(t, code)
	require.NoError(t, h.Close())
	require.NoError(t, loop.Close())
}
