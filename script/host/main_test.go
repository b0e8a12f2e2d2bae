package host_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

// files makes a directory with files.
func files(t *testing.T, of map[string]string) (dir string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, content := range of {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	return dir
}

// run runs the script main, which may import or require the other files.
func run(t *testing.T, of map[string]string, main string) result {
	t.Helper()
	return runProgram(t, "require('module')._load("+quote(filepath.Join(files(t, of), main))+", null, true)")
}

func quote(text string) string { return `"` + text + `"` }

func TestBadScriptsEndWithAPlaceAndACode(t *testing.T) {
	for name, row := range map[string]struct {
		files map[string]string
		says  []string
	}{
		"a syntax error": {map[string]string{"main.cjs": "let a = 1;\nlet x = ;"},
			[]string{"main.cjs:2\nlet x = ;\n        ^", "SyntaxError"}},
		"a missing module": {map[string]string{"main.cjs": "require('./nope')"},
			[]string{"Cannot find module './nope'\nRequire stack:\n- ", "MODULE_NOT_FOUND"}},
		"a missing package": {map[string]string{"main.mjs": "import 'nope'"},
			[]string{"Cannot find package 'nope' imported from ", "ERR_MODULE_NOT_FOUND"}},
		"a throw": {map[string]string{"main.cjs": "\n  throw new TypeError('boom')"},
			[]string{"main.cjs:2\n", "TypeError: boom"}},
		"a rejection": {map[string]string{"main.cjs": "Promise.reject(new Error('boom'))"}, []string{"Error: boom"}},
		"a broken package": {map[string]string{"main.cjs": "require('p')", "node_modules/p/package.json": "{bad"},
			[]string{"ERR_INVALID_PACKAGE_CONFIG", "package.json"}},
		"broken JSON": {map[string]string{"main.cjs": "require('./a.json')", "a.json": "{bad"},
			[]string{"a.json: ", "SyntaxError"}},
		"TypeScript": {map[string]string{"main.ts": "const a: number = ;"},
			[]string{"ERR_INVALID_TYPESCRIPT_SYNTAX", "main.ts:1:19"}},
		"an unknown extension": {map[string]string{"main.mjs": "import './a.wasm'", "a.wasm": "x"},
			[]string{"ERR_UNKNOWN_FILE_EXTENSION", ".wasm"}},
		"an await in require": {map[string]string{"main.cjs": "require('./a.mjs')", "a.mjs": "await 1"},
			[]string{"ERR_REQUIRE_ASYNC_MODULE"}},
		"a cycle with require": {map[string]string{"main.mjs": "import './b.cjs'", "b.cjs": "require('./c.mjs')",
			"c.mjs": "import './main.mjs'"}, []string{"ERR_REQUIRE_CYCLE_MODULE"}},
	} {
		t.Run(name, func(t *testing.T) {
			main := "main.cjs"
			for _, one := range []string{"main.mjs", "main.ts"} {
				if _, ok := row.files[one]; ok {
					main = one
				}
			}
			r := run(t, row.files, main)
			require.Equal(t, 1, r.code, r.stderr)
			for _, text := range row.says {
				require.Contains(t, r.stderr, text)
			}
		})
	}
}

func TestModulesRunInTheirOrder(t *testing.T) {
	for name, row := range map[string]struct {
		files map[string]string
		want  string
	}{
		"of both kinds": {map[string]string{
			"main.mjs": "import './a.mjs'; import { b } from './b.cjs'; import c from './c.json' with { type: 'json' }; console.log('main', b, c.d)",
			"a.mjs":    "console.log('a')", "b.cjs": "console.log('b'); exports.b = 1", "c.json": `{"d": 2}`,
		}, "a\nb\nmain 1 2"},
		"a cycle of CommonJS": {map[string]string{
			"main.mjs": "import './a.cjs'",
			"a.cjs":    "exports.early = 1; const b = require('./b.cjs'); console.log(b.seen)",
			"b.cjs":    "exports.seen = require('./a.cjs').early",
		}, "1"},
		"live bindings": {map[string]string{
			"main.mjs": "import { n, add } from './a.mjs'; add(); console.log(n)",
			"a.mjs":    "export let n = 1; export function add() { n++ }",
		}, "2"},
		"a cycle of modules": {map[string]string{
			"main.mjs": "import { f } from './a.mjs'; export const x = 1; console.log(f())",
			"a.mjs":    "import { x } from './main.mjs'; export const f = () => typeof x",
		}, "number"},
		"a module that does not say so": {map[string]string{"main.mjs": "import './a.js'",
			"a.js": "export {}; console.log(typeof this)"}, "undefined"},
		"data URLs": {map[string]string{"main.mjs": "import x from 'data:text/javascript,export default 5'; console.log(x)"}, "5"},
		"TypeScript": {map[string]string{"main.mjs": "import './a.ts'",
			"a.ts": "const a: number = 7; console.log(a as unknown)"}, "7"},
		"a failed import can be caught": {map[string]string{"main.mjs": "await import('./a.mjs').catch((e) => console.log(e.message))", "a.mjs": "throw new Error('x')"}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, row.files, "main.mjs")
			require.Equal(t, 0, r.code, r.stderr)
			require.Equal(t, row.want, r.stdout)
			require.Empty(t, r.stderr)
		})
	}
}

func TestASignalIsRestoredAfterItsLastListener(t *testing.T) {
	require.Equal(t, []string{"SIGUSR2 1", "the default ends it"}, printed(t, `
		process.once('SIGUSR2', (name) => {
			console.log(name, 1);
			const child = require('child_process').spawn('sleep', ['60']);
			child.on('exit', (code, signal) => console.log(signal === 'SIGUSR2' ? 'the default ends it' : signal));
			child.kill('SIGUSR2');
		});
		process.kill(process.pid, 'SIGUSR2');`))
	r := runProgram(t, "process.once('SIGTERM', () => { console.log('once'); process.kill(process.pid, 'SIGTERM'); setTimeout(() => {}, 60000) }); process.kill(process.pid, 'SIGTERM');")
	require.Equal(t, -1, r.code)
	require.Equal(t, "once", r.stdout)
}

func TestAListenerOfASignalDoesNotHoldTheLoop(t *testing.T) {
	require.Equal(t, []string{"done"}, printed(t, "process.on('SIGTERM', () => {}); console.log('done')"))
}

func TestAnEndlessLoopCanBeInterrupted(t *testing.T) {
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	tooLong := errors.New("it takes too long")
	timer := time.AfterFunc(50*time.Millisecond, func() { h.Interrupt(tooLong) })
	defer timer.Stop()
	require.ErrorIs(t, h.MainText("for (;;) { try { for (;;); } catch {} }", nil), tooLong)
	code, err := h.Run()
	require.NoError(t, err)
	require.NotZero(t, code)
	require.NoError(t, h.Close())
	require.NoError(t, loop.Close())
}

func TestMemoryIsBounded(t *testing.T) {
	for name, source := range map[string]string{
		"values": "const a = []; for (;;) a.push({ a })",
		"text":   "let s = 'x'; for (;;) s += s + 1",
		"bytes":  "const a = []; for (;;) a.push(new Uint8Array(1e6))",
	} {
		t.Run(name, func(t *testing.T) {
			loop, err := reactor.New(nil)
			require.NoError(t, err)
			h, err := host.New(loop, &host.Options{MemoryLimit: 32 << 20})
			require.NoError(t, err)
			require.Error(t, h.MainText(source, nil))
			code, err := h.Run()
			require.NoError(t, err)
			require.Equal(t, 1, code)
			require.NoError(t, h.Close())
			require.NoError(t, loop.Close())
		})
	}
}

func TestLinesAreReadFromAnyStream(t *testing.T) {
	require.Equal(t, []string{`["a","b","c","","d"]`, "yes", "closed"}, printed(t, `
		const readline = require('readline'), { Readable, PassThrough } = require('stream');
		(async () => {
			const lines = [];
			for await (const line of readline.createInterface({ input: Readable.from(['a\nb\r', '\nc\n', '\nd']) })) lines.push(line);
			console.log(JSON.stringify(lines));
			const input = new PassThrough();
			const rl = require('readline/promises').createInterface({ input, output: new PassThrough() });
			rl.on('close', () => console.log('closed'));
			setImmediate(() => input.write('yes\n'));
			console.log(await rl.question('well? '));
			rl.close();
		})();`))
}
