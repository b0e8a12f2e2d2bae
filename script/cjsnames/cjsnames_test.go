package cjsnames_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/script/cjsnames"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

func TestNamesOfCommonJSAreFound(t *testing.T) {
	for name, row := range map[string]struct {
		source    string
		exports   []string
		reexports []string
	}{
		"assigned":      {"exports.a = 1; module.exports.b = 2; exports['c-d'] = 3", []string{"a", "b", "c-d"}, nil},
		"once":          {"exports.a = 1; exports.a = 2", []string{"a"}, nil},
		"not compared":  {"if (exports.a == 1) exports.b === 2", nil, nil},
		"not of others": {"x.exports.a = 1; x.module.exports = { b }", nil, nil},
		"an object":     {"module.exports = { a, 'b': c, d: 1, e: f() , g }", []string{"a", "b", "d", "e"}, nil},
		"both": {"exports = module.exports = { a }; module.exports = exports = { b }", []string{"a", "b"},
			nil},
		"spread":    {"module.exports = { ...require('./x'), a }", []string{"a"}, []string{"./x"}},
		"handed on": {"module.exports = require('./y');", nil, []string{"./y"}},
		"of a compiler": {"__exportStar(require('./z'), exports); tslib.__exportStar(require('./w'), exports)", nil,
			[]string{"./z", "./w"}},
		"defined": {"Object.defineProperty(exports, '__esModule', { value: true })", []string{"__esModule"}, nil},
		"defined by a getter": {"Object.defineProperty(exports, 'a', { enumerable: true, get: function () { return b.a } })",
			[]string{"a"}, nil},
		"copied": {"var a = require('./a'), b = _interopRequireWildcard(require('./b'));\n" +
			"Object.keys(a).forEach(function (key) { if (key === 'default') { return; } exports[key] = a[key]; });\n" +
			"Object.keys(b).forEach(function (k) { if (k in exports) return; Object.defineProperty(exports, k, { get: function () { return b[k] } }) });",
			nil, []string{"./a", "./b"}},
		"copied to others":  {"var a = require('./a'); Object.keys(a).forEach(function (key) { if (key) b[key] = a[key]; }); exports[key] = a[key]", nil, nil},
		"copied of unknown": {"Object.keys(a).forEach(function (key) { if (key) exports[key] = a[key]; });", nil, nil},
		"in texts":          {"'exports.a = 1'; `exports.b = ${ '`' } 2`; /exports.c = 1/; // exports.d = 1\n/* exports.e = 1 */", nil, nil},
		"behind a division": {"x = a / b; exports.c = d / e", []string{"c"}, nil},
		"unfinished":        {"exports.a = 'b\nexports.c = `", []string{"a", "c"}, nil},
		"escaped":           {`exports['\u0061\n\u{d83c}\u{df10}\q'] = 1`, []string{"a\n🌐q"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, cjsnames.Names{Exports: row.exports, Reexports: row.reexports}, cjsnames.Find(row.source),
				row.source)
		})
	}
}

func FuzzFind(f *testing.F) {
	f.Add("exports.a = `${`${b}`}` / /[/]/")
	f.Add("module.exports = { ...require('x'), '\\u{61}': 1")
	f.Fuzz(func(t *testing.T, source string) {
		seen := map[string]bool{}
		for _, name := range cjsnames.Find(source).Exports {
			require.False(t, seen[name], "%q is there twice", name)
			seen[name] = true
		}
	})
}
