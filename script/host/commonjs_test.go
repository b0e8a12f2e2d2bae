package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFilesAreLoadedByTheirLongestExtension(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{
		"a.js": `
			const loaded = (name) => (module, file) => { module.exports = name + ' ' + file.slice(__dirname.length + 1); };
			require.extensions['.y'] = loaded('y');
			require.extensions['.x.y'] = loaded('x.y');
			console.log([require('./b'), require('./b.x.y'), require('./.x.y'), require('./.y')].join());
			delete require.extensions['.x.y'];
			delete require.cache[require.resolve('./b.x.y')];
			console.log(require('./b.x.y'));
			try { require('./b'); } catch (error) { console.log(error.code); }`,
		"b.x.y": "", ".x.y": "", ".y": "module.exports = 'js'",
	})
	require.Equal(t, "x.y b.x.y,x.y b.x.y,y .x.y,js\ny b.x.y\nMODULE_NOT_FOUND", r.stdout, r.stderr)
}

func TestTheWrapperOfModulesMayBeAnyList(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{
		"a.js": `
			const Module = require('module');
			const before = Module.wrapper;
			Module.wrapper = { 0: before[0] + 'global.n = (global.n ?? 0) + 1;', 1: before[1] };
			require('./b');
			Module.wrapper = before;
			require('./c');
			console.log(n);`,
		"b.js": "", "c.js": "",
	})
	require.Equal(t, "1", r.stdout, r.stderr)
}

func TestReadsOfMissingExportsInACycleAreWarnedOf(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{
		"a.js": `
			process.on('warning', (w) => console.log(w.message));
			const b = require('./b');
			require('./c');
			setImmediate(() => {
				console.log(Object.getPrototypeOf(exports) === Object.prototype, exports.missing, Object.getPrototypeOf(b) === Object.prototype);
			});`,
		"b.js": `
			const a = require('./a');
			console.log(a.missing, a[Symbol('s')], a.__esModule, typeof a.toString, Object.getOwnPropertyDescriptor(a, 'x'));`,
		"c.js": "exports.__esModule = true; require('./d');",
		"d.js": "console.log(require('./c').missing)",
	})
	require.Equal(t, "undefined undefined undefined function undefined\nundefined\n"+
		"Accessing non-existent property 'missing' of module exports inside circular dependency\n"+
		"Accessing non-existent property 'Symbol(s)' of module exports inside circular dependency\ntrue undefined true",
		r.stdout, r.stderr)
}

func TestAbsoluteRequestsMayLeadThroughMissingDirectories(t *testing.T) {
	r, _ := runFiles(t, "a.js", map[string]string{
		"a.js":       "console.log(require(__dirname + '/b/gone/..'), require(__dirname + '/gone/../c'))",
		"b/index.js": "module.exports = 'index'", "b.js": "module.exports = 'b'", "c.js": "module.exports = 'c'",
	})
	require.Equal(t, "index c", r.stdout, r.stderr)
}

func TestAnUnknownModuleOfTheLibraryIsNotFound(t *testing.T) {
	requireExamples(t, "", []example{
		{"require.resolve('node:fs')", `"node:fs"`},
		{"(() => { try { require.resolve('node:unknown'); } catch (error) { return error.code; } })()", `"MODULE_NOT_FOUND"`},
		{"require('node:unknown')", "Error ERR_UNKNOWN_BUILTIN_MODULE: No such built-in module: node:unknown"},
	})
}
