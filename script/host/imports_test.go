package host_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// ES modules and CommonJS modules may import each other, but not a module that waits for the
// import.
func TestCyclesOfBothKindsOfModulesAreErrors(t *testing.T) {
	files := map[string]string{
		"a.mjs": "import './b.cjs'", "b.cjs": "require('./c.mjs')", "c.mjs": "import './a.mjs'",
		"two.mjs": "import './two.cjs'", "two.cjs": "require('./two.mjs')", "one.cjs": "require('./two.mjs')",
	}
	const hint = " A cycle involving require(esm) is not allowed to maintain invariants mandated by the ECMAScript specification. " +
		"Try making at least part of the dependency in the graph lazily loaded."
	for main, want := range map[string]string{
		"a.mjs":   "Cannot import Module ./a.mjs in a cycle. (from %s/c.mjs)",
		"b.cjs":   "Cannot import CommonJS Module ./b.cjs in a cycle. (from %s/a.mjs)",
		"c.mjs":   "Cannot require() ES Module %s/c.mjs in a cycle. (from %s/b.cjs)" + hint,
		"one.cjs": "Cannot require() ES Module %s/two.mjs in a cycle. (from %s/one.cjs)",
		"two.mjs": "Cannot require() ES Module %s/two.mjs in a cycle. (from %s/two.cjs)" + hint,
		"two.cjs": "Cannot import CommonJS Module ./two.cjs in a cycle. (from %s/two.mjs)",
	} {
		r, dir := runFiles(t, main, files)
		require.Equal(t, 1, r.code, main)
		require.Contains(t, r.stderr, "Error [ERR_REQUIRE_CYCLE_MODULE]: "+strings.ReplaceAll(want, "%s", dir)+"\n", main)
	}
}

func TestImportAttributesAreChecked(t *testing.T) {
	r, _ := runFiles(t, "a.mjs", map[string]string{
		"a.mjs": `
			const json = 'data:application/json,1', js = 'data:text/javascript,export default 2';
			for (const [url, type] of [[json], [json, 'css'], [json, 'json'], [js, 'json'], [js, 'css'], ['data:text/css,', 'css'],
				['./b.json'], ['./b.json', 'css'], ['./b.json', 'json'], ['./b.cjs', 'json'], ['./b.cjs', 'css'], ['node:fs', 'json']]) {
				await import(url, type && { with: { type } }).then((ns) => console.log(ns.default), (error) => console.log(error.code));
			}
			await import(js, { with: { type: 'json', other: 'o' } }).catch((error) => console.log(error.message));
			await import('data:text/javascript,import ' + JSON.stringify(js) + ' with { other: "o" }').catch((error) => console.log(error.code));`,
		"b.json": "3", "b.cjs": "module.exports = 4",
	})
	require.Equal(t, strings.Join([]string{
		"ERR_IMPORT_ATTRIBUTE_MISSING", "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED", "1",
		"ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE", "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED", "ERR_UNKNOWN_MODULE_FORMAT",
		"ERR_IMPORT_ATTRIBUTE_MISSING", "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED", "3",
		"ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE", "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED",
		"ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE",
		`Import attribute "other" with value "o" is not supported`, "ERR_IMPORT_ATTRIBUTE_UNSUPPORTED",
	}, "\n"), r.stdout, r.stderr)
}

func TestEachURLOfJSONIsAModuleOfItsOwn(t *testing.T) {
	r, _ := runFiles(t, "a.mjs", map[string]string{
		"a.mjs": `
			import { writeFileSync } from 'node:fs';
			const file = new URL('./b.json', import.meta.url);
			const all = [];
			for (const suffix of ['', '?a', '#b', '', '?a']) {
				writeFileSync(file, String(all.length));
				all.push((await import(file + suffix, { with: { type: 'json' } })).default);
			}
			console.log(all.join());`,
	})
	require.Equal(t, "0,1,2,0,1", r.stdout, r.stderr)
}

func TestImportsOfAPackageMayLeadToTheLibrary(t *testing.T) {
	r, _ := runFiles(t, "a.mjs", map[string]string{
		"a.mjs":        "import fs from '#fs'; import own from 'node:fs'; console.log(fs === own)",
		"package.json": `{"imports": {"#fs": "fs"}}`,
	})
	require.Equal(t, "true", r.stdout, r.stderr)
}

func TestErrorsOfImportsHaveTheURL(t *testing.T) {
	r, dir := runFiles(t, "a.mjs", map[string]string{
		"a.mjs": `
			const data = (name) => 'data:text/javascript,import ' + JSON.stringify(new URL(name, import.meta.url));
			for (const s of ['./d', './d/', './gone.mjs', 'nothing', data('d'), data('gone.mjs'), data('b.mjs'), 'data:text/javascript,import "./b.mjs"']) {
				await import(s).then(() => console.log('ok'), (error) => console.log(error.code, error.url));
			}
			console.log([import.meta.resolve('./d/'), import.meta.resolve('./gone.mjs')].join(' '));`,
		"d/b.mjs": "", "b.mjs": "",
	})
	require.Equal(t, strings.ReplaceAll(`ERR_UNSUPPORTED_DIR_IMPORT file://%/d
ERR_UNSUPPORTED_DIR_IMPORT file://%/d/
ERR_MODULE_NOT_FOUND file://%/gone.mjs
ERR_MODULE_NOT_FOUND undefined
ERR_UNSUPPORTED_DIR_IMPORT file://%/d
ERR_MODULE_NOT_FOUND file://%/gone.mjs
ok
ERR_UNSUPPORTED_RESOLVE_REQUEST undefined
file://%/d/ file://%/gone.mjs`, "%", dir), r.stdout, r.stderr)
}

func TestImportsOutsideOfModulesAreExplained(t *testing.T) {
	for _, source := range []string{"import 'fs'", "import { a } from 'fs'", "let a;\nimport * as fs from 'fs'",
		"import fs from 'fs'", "let a = import"} {
		r, _ := runFiles(t, "a.cjs", map[string]string{"a.cjs": source})
		require.Contains(t, r.stderr, "SyntaxError: Cannot use import statement outside a module\n", source)
	}
	r, _ := runFiles(t, "a.cjs", map[string]string{"a.cjs": "let reimport; reimport 'fs'"})
	require.Contains(t, r.stderr, "SyntaxError: Unexpected string\n")
}

func TestFilesOfUnknownKindAreNoModules(t *testing.T) {
	files := map[string]string{"p/package.json": `{"type": "module"}`, "p/a.what": "console.log('module')",
		"a.what": "console.log('script')"}
	r, dir := runFiles(t, "p/a.what", files)
	require.Contains(t, r.stderr,
		`TypeError [ERR_UNKNOWN_FILE_EXTENSION]: Unknown file extension ".what" for `+dir+"/p/a.what\n")
	r, _ = runFiles(t, "a.what", files)
	require.Equal(t, "script", r.stdout, r.stderr)
}
