package callsource_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/callsource"
)

func TestText(t *testing.T) {
	for _, test := range []struct {
		name, source string
		line, column int
		want         string
	}{
		{"a function", "  assert(a === 1); b();", 1, 9, "assert(a === 1)"},
		{"a method", "x\nassert.ok(null, ')');", 2, 10, "assert.ok(null, ')')"},
		{"by brackets", `() => assert['ok']["apply"](null, [0])`, 1, 28, `assert['ok']["apply"](null, [0])`},
		{"over lines", "strict.ok(\n  1\n)", 1, 10, "strict.ok("},
		{"a method on a line of its own", "assert\n.ok(null, undefined);", 2, 4, "ok(null, undefined)"},
		{"a regular expression", `ok(/[)/]\)/.test(a / b)) + c`, 1, 3, `ok(/[)/]\)/.test(a / b))`},
		{"a call of what a call returned", "f(1)(2);", 1, 5, "f(1)(2)"},
		{"in a block", "try { assert.ok(0); }", 1, 16, "assert.ok(0)"},
		{"letters beyond ASCII", "ässört.ok('')", 1, 10, "ässört.ok('')"},
		{"control characters", "f('\x01\t')", 1, 2, "f('\\u0001\t')"},
		{"no such line", "f()", 2, 1, ""},
		{"no such column", "f()", 1, 9, ""},
		{"no call", "f", 1, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, callsource.Text(test.source, test.line, test.column))
		})
	}
}

func FuzzText(f *testing.F) {
	f.Add("assert.ok(/a/, `b`)", 1, 10)
	f.Fuzz(func(t *testing.T, source string, line, column int) { callsource.Text(source, line, column) })
}
