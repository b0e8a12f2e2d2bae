package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandLinesAreReadAsNodeDoes(t *testing.T) {
	code := "1"
	for name, row := range map[string]struct {
		args []string
		env  string
		want commandLine
	}{
		"a file":           {[]string{"a.js", "-e", "x"}, "", commandLine{script: "a.js", args: []string{"-e", "x"}}},
		"run":              {[]string{"run", "a.js", "b"}, "", commandLine{script: "a.js", args: []string{"b"}}},
		"stdin":            {[]string{"-", "b"}, "", commandLine{script: "-", args: []string{"b"}}},
		"code":             {[]string{"-e", "1", "b"}, "", commandLine{eval: &code, args: []string{"b"}, execArgv: []string{"-e", "1"}, flags: []string{"--eval=1"}}},
		"code that prints": {[]string{"-pe", "1"}, "", commandLine{eval: &code, print: true, args: []string{}, execArgv: []string{"-pe", "1"}, flags: []string{"--print=1"}}},
		"the end of options": {[]string{"--expose_gc", "--", "a.js"}, "", commandLine{script: "a.js", args: []string{}, execArgv: []string{"--expose_gc"},
			flags: []string{"--expose-gc"}}},
		"values": {[]string{"-r", "x", "--stack-trace-limit=3", "a.js"}, "--no-warnings", commandLine{script: "a.js", args: []string{},
			execArgv: []string{"-r", "x", "--stack-trace-limit=3"}, flags: []string{"--no-warnings", "--require=x", "--stack-trace-limit=3"}}},
		"check": {[]string{"-c", "a.js"}, "", commandLine{script: "a.js", args: []string{}, check: true, execArgv: []string{"-c"}, flags: []string{"--check"}}},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := parse("brood", row.args, row.env)
			require.NoError(t, err)
			require.Equal(t, row.want, *c)
		})
	}
}

func TestBadCommandLinesAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		args []string
		env  string
		want string
	}{
		"unknown":            {[]string{"--nope"}, "", "brood: bad option: --nope"},
		"a value too many":   {[]string{"--no-warnings=1"}, "", "brood: bad option: --no-warnings=1"},
		"a value missing":    {[]string{"-e"}, "", "brood: -e requires an argument"},
		"another option":     {[]string{"-r", "-e"}, "", "brood: -r requires an argument"},
		"check and code":     {[]string{"-c", "-e", "1"}, "", "brood: either --check or --eval can be used, not both"},
		"interactive":        {[]string{"-i"}, "", "brood: -i: there is no interactive mode"},
		"not in environment": {nil, "--eval=1", "brood: --eval=1 is not allowed in NODE_OPTIONS"},
		"unknown there":      {nil, "nope", "brood: nope is not allowed in NODE_OPTIONS"},
		"an open quote":      {nil, `--require="a`, "brood: invalid value for NODE_OPTIONS (unterminated string)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse("brood", row.args, row.env)
			_, ok := errors.AsType[*usageError](err)
			require.True(t, ok, "%v", err)
			require.EqualError(t, err, row.want)
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add("-r", "--import", `--title="a b"`)
	f.Fuzz(func(t *testing.T, one, other, env string) {
		_, _ = parse("brood", []string{one, other}, env)
	})
}
