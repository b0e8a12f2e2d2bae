package host_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
)

// requirePrinted runs a script, and compares its output.
func requirePrinted(t *testing.T, source string, want ...string) {
	t.Helper()
	require.Equal(t, want, printed(t, source), source)
}

func TestInspectShowsWhatValuesAre(t *testing.T) {
	const beginning = `const { inspect } = require('util'); const p = (v, o) => console.log(inspect(v, o).replaceAll('\n', '|'));`
	for _, test := range []struct{ name, source, want string }{
		{"members", `p({ a: 1, 'b-c': [1, , 'x'], [Symbol('s')]: { d: { e: { f: 1 } } } })`,
			"{|  a: 1,|  'b-c': [ 1, <1 empty item>, 'x' ],|  Symbol(s): { d: { e: [Object] } }|}"},
		{"collections", `p([new Map([[1, { a: 2 }]]), new Set(['a'])])`, "[ Map(1) { 1 => { a: 2 } }, Set(1) { 'a' } ]"},
		{"iterators", `const m = new Map([[1, 2], [3, 4]]).entries(); m.next(); p(m)`, "[Map Entries] { [ 3, 4 ] }"},
		{"weak collections", `const k = {}; p(new WeakSet([k]), { showHidden: true })`, "WeakSet { {} }"},
		{"a circle", `const o = { a: {} }; o.a.b = o; p(o)`, "<ref *1> { a: { b: [Circular *1] } }"},
		{"getters", `p({ get a() { return 1 }, set b(x) {} }, { getters: true })`, "{ a: [Getter: 1], b: [Setter] }"},
		{"classes", `p([class A {}, class B extends Map {}, () => {}, async function f() {}, new (class C { x = 1 })()])`,
			"[|  [class A],|  [class B extends Map],|  [Function (anonymous)],|  [AsyncFunction: f],|  C { x: 1 }|]"},
		{"proxies", `p(new Proxy({ a: 1 }, {})); p(new Proxy([1], {}), { showProxy: true })`,
			"{ a: 1 }\nProxy [ [ 1 ], {} ]"},
		{"promises", `p([Promise.resolve(4), new Promise(() => {})])`, "[ Promise { 4 }, Promise { <pending> } ]"},
		{"numbers", `p([-0, 10n]); p([123456.789], { numericSeparator: true })`, "[ -0, 10n ]\n[ 123_456.789 ]"},
		{"strings", `p(['it\'s', '\x00\n', 'a"\'b'])`, "[ \"it's\", '\\x00\\n', `a\"'b` ]"},
		{"colors", `p({ a: 'b' }, { colors: true })`, "{ a: \x1b[32m'b'\x1b[39m }"},
		{"null prototypes", `p(Object.create(null)); p(Object.setPrototypeOf([1], null))`,
			"[Object: null prototype] {}\n[Array(1): null prototype] [ 1 ]"},
		{"functions of the object's own",
			`p({ [inspect.custom](depth, o) { return 'depth ' + depth + o.stylize('!', 'x') } })`, "depth 2!"},
		{"errors", `const e = new TypeError('a', { cause: 1 }); e.stack = 'TypeError: a'; p(e)`,
			"[TypeError: a] { [cause]: 1 }"},
		{"columns", `p(Array.from({ length: 27 }, (_, i) => i))`,
			"[|   0,  1,  2,  3,  4,  5,  6,  7,|   8,  9, 10, 11, 12, 13, 14, 15,|  16, 17, 18, 19, 20, 21, 22, 23,|  24, 25, 26|]"},
		{"a large array", `const a = new Uint8Array(1e7); a.x = 1; p(a, { maxArrayLength: 1 })`,
			"Uint8Array(10000000) [ 0, ... 9999999 more items, x: 1 ]"},
		{"a large sparse array", `const a = []; a[4e9] = 1; p(a)`, "[ <4000000000 empty items>, 1 ]"},
	} {
		t.Run(test.name, func(t *testing.T) { requirePrinted(t, beginning+test.source, strings.Split(test.want, "\n")...) })
	}
}

func TestFormat(t *testing.T) {
	requirePrinted(t, `
		const { format } = require('util');
		console.log(format('%s %d %i %f %j %% %x', 'a', '0x10', 3.7, '1.5', { a: 1 }, 'b', Symbol('c')));
		console.log(format('%s|%s|%s', class A {}, { toString() { return 'own' } }, { a: { b: 1 } }));
		console.log(format('%o', [1]), format(1, '2', [3]));`,
		`a 16 3 1.5 {"a":1} % %x b Symbol(c)`, `class A {}|own|{ a: [Object] }`, `[ 1, [length]: 1 ] 1 2 [ 3 ]`)
}

func TestAssertionsTellWhatDiffers(t *testing.T) {
	const beginning = `const assert = require('assert');
		const t = (f) => { try { f(); console.log('ok'); } catch (e) { console.log(e.code + ' ' + e.message.replaceAll('\n', '|')); } };`
	requirePrinted(t, beginning+`
		t(() => assert.strictEqual(1, 2));
		t(() => assert.strictEqual(1, 2, 'mine'));
		t(() => assert.deepStrictEqual({ a: 1, b: [1, 2, 3] }, { a: 1, b: [1, 2, 4] }));
		t(() => assert.deepStrictEqual([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 5, 6, 7, 8, 0]));
		t(() => assert.deepEqual([1], ['2']));
		t(() => assert.notStrictEqual(1, 1));
		t(() => assert.throws(() => {}));
		t(() => assert.throws(() => { throw new Error('x'); }, { message: 'y' }));
		t(() => assert.throws(() => { throw new Error('x'); }, /x/));
		t(() => assert.match('abc', /x/));
		t(() => assert.equal(1));
		t(() => assert.ifError(new Error('e')));`,
		"ERR_ASSERTION Expected values to be strictly equal:||1 !== 2|",
		"ERR_ASSERTION mine||1 !== 2|",
		"ERR_ASSERTION Expected values to be strictly deep-equal:|+ actual - expected||  {|    a: 1,|    b: [|      1,|      2,|+     3|-     4|    ]|  }|",
		"ERR_ASSERTION Expected values to be strictly deep-equal:|+ actual - expected|... Skipped lines||  [|    1,|    2,|    3,|    4,|...|    8,|+   9|-   0|  ]|",
		"ERR_ASSERTION Expected values to be loosely deep-equal:||[|  1|]||should loosely deep-equal||[|  '2'|]",
		`ERR_ASSERTION Expected "actual" to be strictly unequal to: 1`,
		"ERR_ASSERTION Missing expected exception.",
		"ERR_ASSERTION Expected values to be strictly deep-equal:|+ actual - expected||  Comparison {|+   message: 'x'|-   message: 'y'|  }|",
		"ok",
		"ERR_ASSERTION The input did not match the regular expression /x/. Input:||'abc'|",
		`ERR_MISSING_ARGS The "actual" and "expected" arguments must be specified`,
		"ERR_ASSERTION ifError got unwanted exception: e")
}

func TestDeepEqualityHasThreeModes(t *testing.T) {
	const beginning = `const assert = require('assert');
		const is = (m, a, b) => { try { assert[m](a, b); return 'y'; } catch { return 'n'; } };
		const t = (a, b) => console.log(is('deepEqual', a, b) + is('deepStrictEqual', a, b) + is('partialDeepStrictEqual', a, b));`
	for _, test := range []struct{ name, source, want string }{
		{"numbers and strings", `t([1], ['1'])`, "ynn"},
		{"zeros", `t([0], [-0])`, "ynn"},
		{"prototypes", `t({}, Object.create(null))`, "yny"},
		{"parts", `t({ a: 1, b: [1, 2, 3] }, { b: [1, 3] })`, "nny"},
		{"sets", `t(new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }]))`, "yyy"},
		{"maps", `t(new Map([[{ a: 1 }, 1]]), new Map([[{ a: 1 }, 2]]))`, "nnn"},
		{"holes", `t([1, , 3], [1, undefined, 3])`, "nnn"},
		{"errors", `t(new Error('a'), new Error('b'))`, "nnn"},
		{"bytes", `t(new Uint8Array([1, 2]), new Uint8Array([1, 2]))`, "yyy"},
		{"dates", `t(new Date(1), new Date(2))`, "nnn"},
		{"circles", `const a = {}, b = {}; a.a = a; b.a = b; t(a, b)`, "yyy"},
		{"a proxy", `t(new Proxy([1], {}), [1])`, "yyy"},
	} {
		t.Run(test.name, func(t *testing.T) { requirePrinted(t, beginning+test.source, test.want) })
	}
}

func TestConsole(t *testing.T) {
	requirePrinted(t, `
		console.log('%s', 'a', { b: 1 });
		console.group('g'); console.log('in\nner'); console.groupEnd();
		console.table([{ a: 1 }, { b: 'x' }]);
		console.count(); console.count(); console.countReset(); console.count();
		const lines = []; const c = new console.Console({ write: (s) => lines.push(s) }); c.error('e'); c.dir({ a: { b: {} } }, { depth: 0 });
		console.log(JSON.stringify(lines));`,
		"a { b: 1 }", "g", "  in", "  ner",
		"┌─────────┬───┬─────┐", "│ (index) │ a │ b   │", "├─────────┼───┼─────┤", "│ 0       │ 1 │     │",
		"│ 1       │   │ 'x' │", "└─────────┴───┴─────┘",
		"default: 1", "default: 2", "default: 1", `["e\n","{ a: [Object] }\n"]`)
}

func TestUtilities(t *testing.T) {
	requirePrinted(t, `
		const util = require('util');
		console.log(util.getSystemErrorName(-2), util.getSystemErrorMessage(-2), util.styleText(['bold', 'red'], 'x', { validateStream: false }));
		console.log(JSON.stringify(util.parseEnv('A=b\nexport C="d\ne" # f')));
		console.log(JSON.stringify(util.parseArgs({ args: ['-fx', '--bar', 'y'], options: { foo: { type: 'string', short: 'f' }, bar: { type: 'boolean' } }, allowPositionals: true })));
		console.log(util.types.isProxy(new Proxy({}, {})), util.types.isMap({ __proto__: Map.prototype }), util.isDeepStrictEqual([1], [1]));
		console.log(String(new util.MIMEType('Text/HTML; charset="a b"')), JSON.stringify(util.diff('ab', 'ac')));
		console.log(util.stripVTControlCharacters('\u001b[1mx\u001b[0m'), util.toUSVString('a\ud800'));
		util.promisify((a, cb) => cb(null, a + 1))(1).then((v) => util.callbackify(async () => v)((e, w) => console.log(e, w)));
		util.promisify((cb) => cb(new Error('no')))().catch((e) => console.log(e.message));`,
		"ENOENT no such file or directory \x1b[1m\x1b[31mx\x1b[39m\x1b[22m", `{"A":"b","C":"d\ne"}`,
		`{"values":{"foo":"x","bar":true},"positionals":["y"]}`, "true false true",
		`text/html;charset="a b" [[0,"a"],[1,"b"],[-1,"c"]]`, "x a\ufffd", "no", "null 2")
}

func TestStructuredCloneCopiesWhatCanBeCopied(t *testing.T) {
	requirePrinted(t, `
		const o = { d: new Date(0), m: new Map([[1, new Set([2])]]), e: new RangeError('r'), b: new Uint8Array([1, 2]).subarray(1) }; o.o = o;
		const c = structuredClone(o);
		console.log(c.o === c, c !== o, c.d.getTime(), c.m.get(1).has(2), c.e instanceof RangeError, c.e.message, c.b[0], c.b.byteOffset);
		for (const bad of [() => {}, Symbol('s'), new WeakMap(), Promise.resolve()]) {
			try { structuredClone(bad); } catch (e) { console.log(e.name, e.code, e instanceof DOMException); }
		}
		const buffer = new ArrayBuffer(2); const moved = structuredClone({ buffer }, { transfer: [buffer] });
		console.log(buffer.byteLength, moved.buffer.byteLength);`,
		"true true 0 true true r 2 1", "DataCloneError 25 true", "DataCloneError 25 true", "DataCloneError 25 true",
		"DataCloneError 25 true", "0 2")
}

func TestAStoreGoesWithPromises(t *testing.T) {
	requirePrinted(t, `
		const { AsyncLocalStorage, AsyncResource } = require('async_hooks');
		const als = new AsyncLocalStorage();
		let open; const pending = new Promise((resolve) => { open = resolve; });
		async function work(id) {
			const seen = [als.getStore()];
			await 1; seen.push(als.getStore());
			await pending; seen.push(als.getStore());
			await Promise.reject(1).catch(() => seen.push(als.getStore()));
			for await (const x of [pending, 2]) seen.push(als.getStore());
			console.log(id, seen.join(' '));
		}
		als.run('a', work, 'a'); als.run('b', work, 'b');
		const bound = als.run('c', () => AsyncResource.bind(() => als.getStore()));
		als.run('d', () => open());
		console.log(als.getStore(), bound(), pending);`,
		"undefined c Promise { undefined }", "a a a a a a a", "b b b b b b b")
}

func TestContextsAreGlobalObjectsOfTheirOwn(t *testing.T) {
	requirePrinted(t, `
		const vm = require('vm');
		const context = vm.createContext({ n: 1 });
		console.log(vm.runInContext('n += 1; var x = n * 2; typeof process', context), JSON.stringify(context));
		console.log(vm.runInNewContext('Array') === Array, vm.isContext(context), vm.runInThisContext('typeof process'));
		try { vm.runInNewContext('for (;;);', {}, { timeout: 20 }); } catch (e) { console.log(e.code); }
		try { new vm.Script('a b'); } catch (e) { console.log(e.name); }
		console.log(vm.compileFunction('return a + b', ['a', 'b'])(1, 2));`,
		`undefined {"n":2,"x":4}`, "false true object", "ERR_SCRIPT_EXECUTION_TIMEOUT", "SyntaxError", "3")
}

// exitOf runs a script, and returns its output and its exit code.
func exitOf(t *testing.T, source string) (stdout string, code int) {
	t.Helper()
	program, args := helperproc.Command("script", source)
	cmd := exec.CommandContext(t.Context(), program, args...)
	output, err := cmd.Output()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		require.NoError(t, err)
	}
	return string(output), cmd.ProcessState.ExitCode()
}

func TestTestsThatFailEndTheProcessWithACode(t *testing.T) {
	stdout, code := exitOf(t, `
		const { test, describe, it, before, mock } = require('node:test');
		const order = []; before(() => order.push('before'));
		describe('s', () => { it('a', () => { order.push('a'); }); it('b', (t, done) => setTimeout(done, 1)); });
		test('c', async (t) => { t.plan(2); await t.test('d', () => { order.push('d'); }); t.assert.ok(1); });
		test('e', () => { throw new Error('boom'); });
		test('f', { skip: true }, () => order.push('f'));
		const fn = mock.fn((a) => a + 1); fn(1);
		process.on('exit', () => console.log(order.join(), fn.mock.callCount(), fn.mock.calls[0].result));`)
	require.Equal(t, 1, code, stdout)
	require.Contains(t, stdout, "ℹ pass 4\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1")
	require.Contains(t, stdout, "Error: boom")
	require.Contains(t, stdout, "before,a,d 1 2")
	_, code = exitOf(t, `require('node:test')('x', () => {})`)
	require.Equal(t, 0, code)
}

func TestPerformance(t *testing.T) {
	requirePrinted(t, `
		const { performance, PerformanceObserver, createHistogram } = require('perf_hooks');
		new PerformanceObserver((list, o) => { console.log(list.getEntries().map((e) => e.name + ':' + e.entryType).join()); o.disconnect(); }).observe({ entryTypes: ['mark', 'measure'] });
		const m = performance.mark('a', { startTime: 1, detail: { x: 1 } });
		console.log(performance.measure('b', { start: 'a', end: 3 }).duration, m.detail.x, performance.getEntriesByName('a').length, performance.now() > 0);
		const h = createHistogram(); h.record(1); h.record(3); console.log(h.mean, h.max, h.percentile(50));`,
		"2 1 1 true", "2 3 1", "a:mark,b:measure")
}
