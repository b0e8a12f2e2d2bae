package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
)

// runFiles writes files to a directory and runs main.
func runFiles(t *testing.T, main string, files map[string]string) (result, string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	program, args := helperproc.Command("file", "brood", filepath.Join(dir, main))
	return execute(t, program, args...), dir
}

// Each of these ends with code 1, and reports what is wrong and where.
func TestBadFilesAreErrorsWithTheirPlace(t *testing.T) {
	for name, one := range map[string]struct {
		main  string
		files map[string]string
		want  []string // parts of stderr; %s is the folder
	}{
		"a script that cannot be read": {"a.js", map[string]string{"a.js": "let a = 1;\nlet b = ;\n"},
			[]string{"%s/a.js:2\nlet b = ;\n        ^\n\nSyntaxError: "}},
		"a module that cannot be read": {"a.mjs", map[string]string{"a.mjs": "export let a = ;"},
			[]string{"%s/a.mjs:1\n", "SyntaxError: "}},
		"one that is required": {"a.js", map[string]string{"a.js": "require('./b')", "b.js": "\n\n)"},
			[]string{"%s/b.js:3\n)\n^\n\nSyntaxError: "}},
		"a missing file": {"a.js", map[string]string{"a.js": "require('./b')"},
			[]string{"Error: Cannot find module './b'\nRequire stack:\n- %s/a.js\n", "code: 'MODULE_NOT_FOUND'",
				"requireStack: ["}},
		"a missing module": {"a.mjs", map[string]string{"a.mjs": "import './b.mjs'"},
			[]string{"Error [ERR_MODULE_NOT_FOUND]: Cannot find module '%s/b.mjs' imported from %s/a.mjs"}},
		"a missing package": {"a.mjs", map[string]string{"a.mjs": "import 'nothing'"},
			[]string{"Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'nothing' imported from %s/a.mjs"}},
		"a missing name": {"a.mjs", map[string]string{"a.mjs": "import { b } from './b.mjs'", "b.mjs": ""},
			[]string{"SyntaxError: ", "'b'"}},
		"a cycle that reads too early": {"a.mjs",
			map[string]string{"a.mjs": "import { b } from './b.mjs'; export const a = b;",
				"b.mjs": "import { a } from './a.mjs'; export const b = a;"}, []string{"%s/b.mjs:1\n", "ReferenceError: "}},
		"a broken package.json": {"a.js", map[string]string{"a.js": "require('p')",
			"node_modules/p/package.json": `{ "name": `},
			[]string{"Invalid package config %s/node_modules/p/package.json.", "code: 'ERR_INVALID_PACKAGE_CONFIG'"}},
		"a broken package.json of an import": {"a.mjs", map[string]string{"a.mjs": "import 'p'",
			"node_modules/p/package.json": `[]`},
			[]string{"Invalid package config %s/node_modules/p/package.json while importing \"p\" from %s/a.mjs.", "code: 'ERR_INVALID_PACKAGE_CONFIG'"}},
		"its own package.json": {"a.js", map[string]string{"a.js": "1", "package.json": `{"type": "module"`},
			[]string{"Invalid package config %s/package.json."}},
		"a main that is not there": {"a.js", map[string]string{"a.js": "require('p')",
			"node_modules/p/package.json": `{"main": "gone.js"}`},
			[]string{`Cannot find module '%s/node_modules/p/gone.js'. Please verify that the package.json has a valid "main" entry`}},
		"exports that lead out": {"a.js", map[string]string{"a.js": "require('p')",
			"node_modules/p/package.json": `{"exports": "../../a.js"}`},
			[]string{"ERR_INVALID_PACKAGE_TARGET"}},
		"broken JSON": {"a.js", map[string]string{"a.js": "require('./b.json')", "b.json": `{"a": 1,}`},
			[]string{"SyntaxError: %s/b.json: "}},
		"zeros": {"a.js", map[string]string{"a.js": "\x00\x00"}, []string{"%s/a.js:1\n", "SyntaxError: "}},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir := runFiles(t, one.main, one.files)
			require.Equal(t, 1, r.code)
			for _, part := range one.want {
				folders := make([]any, 0, 2)
				for i := range len(part) - 1 {
					if part[i:i+2] == "%s" {
						folders = append(folders, dir)
					}
				}
				require.Contains(t, r.stderr, fmt.Sprintf(part, folders...))
			}
			require.Contains(t, r.stderr, "\nNode.js v")
		})
	}
}

func TestCyclesOfScriptsSeePartialExports(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{
		"a.js": "exports.a = 1; console.log(require('./b').seen); exports.b = 2;",
		"b.js": "exports.seen = Object.keys(require('./a'));",
	})
	require.Equal(t, result{stdout: "[ 'a' ]"}, r)
}

func TestBytesThatAreNoTextAreReplaced(t *testing.T) {
	r, _ := runFiles(t, "a.js",
		map[string]string{"a.js": "console.log('a\xff\xfe\xe2\x82'.length, '\xef\xbb\xbf'.length, require('./b.json').a)",
			"b.json": "{\"a\":\"\xff\"}"})
	require.Equal(t, result{stdout: "4 1 \ufffd"}, r)
	r, _ = runFiles(t, "a.mjs", map[string]string{"a.mjs": "\xef\xbb\xbfimport { b } from './b.mjs'; console.log(b)",
		"b.mjs": "export const b = '\xc3('"})
	require.Equal(t, result{stdout: "\ufffd("}, r)
}

func TestLargeTextsAndFiles(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{"a.js": `
		const fs = require('fs');
		const text = 'x'.repeat(100 << 20);
		const file = __dirname + '/large.txt';
		fs.writeFileSync(file, text);
		console.log(fs.readFileSync(file, 'utf8') === text, Buffer.byteLength(text), text.indexOf('y'));
		fs.writeFileSync(__dirname + '/large.js', ' '.repeat(4 << 20) + 'module.exports = 5');
		console.log(require('./large'));
		try { 'x'.repeat(2 ** 30); } catch (error) { console.log(error instanceof RangeError); }
	`})
	require.Equal(t, result{stdout: "true 104857600 -1\n5\ntrue"}, r)
}

// A module that calls runMain for a module that imports it goes on first, and the other waits.
func TestRunMainOfAModuleThatRuns(t *testing.T) {
	const a = "import { runMain } from 'node:module'; runMain(new URL('%s', import.meta.url).pathname); console.log('a');"
	for name, want := range map[string]string{"a.mjs": "a", "b.mjs": "a\nb"} {
		r, _ := runFiles(t, "a.mjs", map[string]string{"a.mjs": fmt.Sprintf(a, name),
			"b.mjs": "import './a.mjs'; console.log('b');"})
		require.Equal(t, want, r.stdout, r.stderr)
		require.Zero(t, r.code)
	}
}
