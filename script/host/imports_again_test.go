package host_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A loaded module was loaded with an attribute or without one, and a later import must agree.
func TestImportAttributesOfLoadedModulesAreChecked(t *testing.T) {
	r, _ := runFiles(t, "a.mjs", map[string]string{
		"a.mjs": `
			import one from './b.json' with { type: 'json' };
			import './c.mjs';
			const says = (p) => p.then((ns) => ns.default?.n ?? 'fine', (error) => error.code);
			console.log(await says(import('./b.json')));
			console.log(await says(import('./b.json', { with: { type: 'css' } })));
			console.log(await says(import('./c.mjs', { with: { type: 'json' } })));
			console.log(await says(import(import.meta.url, { with: { type: 'json' } })));
			console.log(await says(import('./d.mjs')));
			console.log((await Promise.all([import('./b.json', { with: { type: 'json' } }), import('./c.mjs'), import('./b.json')].map(says))).join());`,
		"b.json": `{ "n": 1 }`, "c.mjs": "", "d.mjs": "import './c.mjs'; import './b.json'",
	})
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t,
		"ERR_IMPORT_ATTRIBUTE_MISSING\nERR_IMPORT_ATTRIBUTE_UNSUPPORTED\nERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE\n"+
			"ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE\nERR_IMPORT_ATTRIBUTE_MISSING\n1,fine,ERR_IMPORT_ATTRIBUTE_MISSING", r.stdout)
}

func TestAnImportThatHasFailedIsTriedAgain(t *testing.T) {
	r, _ := runFiles(t, "a.mjs", map[string]string{"a.mjs": `
		import fs from 'fs';
		const failed = await import('./new.mjs').catch((error) => error.code);
		fs.writeFileSync(new URL('./new.mjs', import.meta.url), 'export default 1');
		const first = await import('./new.mjs');
		fs.unlinkSync(new URL('./new.mjs', import.meta.url));
		console.log(failed, await import('./new.mjs') === first);`})
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "ERR_MODULE_NOT_FOUND true", r.stdout)
}

func TestFailuresOfImportsSayWhatWouldHelp(t *testing.T) {
	for name, row := range map[string]struct {
		files map[string]string
		says  []string
	}{
		"an extension": {map[string]string{"a.mjs": "import './b'", "b.js": ""},
			[]string{`imported from %s/a.mjs`, "Did you mean to import \"./b.js\"?"}},
		"a package's": {map[string]string{"a.mjs": "import 'p/b'", "node_modules/p/b.js": ""},
			[]string{"Did you mean to import \"p/b.js\"?"}},
		"a broken config": {map[string]string{"a.mjs": "import 'p'", "node_modules/p/package.json": "{"},
			[]string{`p/package.json while importing "p" from %s/a.mjs.`}},
		"require": {map[string]string{"a.mjs": "\nrequire('fs')"},
			[]string{"ReferenceError: require is not defined in ES module scope, you can use import instead\n"}},
		"an ES package": {map[string]string{"a.mjs": "import './b.js'", "b.js": "exports.a = 1",
			"package.json": `{ "type": "module" }`},
			[]string{"ReferenceError: exports is not defined in ES module scope\n",
				"'%s/package.json' contains \"type\": \"module\"", "'.cjs' file extension"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir := runFiles(t, "a.mjs", row.files)
			require.Equal(t, 1, r.code)
			for _, text := range row.says {
				require.Contains(t, r.stderr, strings.ReplaceAll(text, "%s", dir))
			}
		})
	}
	r, _ := runFiles(t, "a.cjs", map[string]string{"a.cjs": "(async () => { require = undefined; await null; exports_ })().catch((error) => console.log(error.message))"})
	require.Equal(t, "'exports_' is not defined", r.stdout, "what is no variable of CommonJS has the engine's words")
}

func TestAFileWithoutExtensionOfAnESPackageCanBeRequired(t *testing.T) {
	r, _ := runFiles(t, "a.cjs", map[string]string{
		"a.cjs": "console.log(require('./p/b').n, require('./p/c').n)", "p/package.json": `{ "type": "module" }`,
		"p/b": "exports.n = 1", "p/c": "export const n = 2",
	})
	require.Equal(t, 0, r.code, r.stderr)
	require.Equal(t, "1 2", r.stdout)
}
