package host_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExitCallsWhatAScriptHasForReallyExit(t *testing.T) {
	require.Equal(t, []string{"exit 4", "really 4", "behind"}, printed(t, `
		const { reallyExit } = process;
		process.reallyExit = (code) => console.log('really', code);
		process.on('exit', (code) => console.log('exit', code));
		process.exit(4);
		process.reallyExit = reallyExit;
		console.log('behind');
		process.exit(0);`))
}

func TestModulesThatNeedTheirSchemeAreNotFoundWithoutIt(t *testing.T) {
	requireExamples(t, `const type = (id) => typeof process.getBuiltinModule(id);`, []example{
		{"type('test')", `"undefined"`},
		{"type('node:test')", `"function"`},
		{"type('fs') + type('node:fs')", `"objectobject"`},
		{"type('internal/util')", `"undefined"`},
	})
}

func TestWarningsGoToAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "warnings.txt")
	r := runProgram(t, `process.emitWarning('one'); process.emitWarning('two');`, "--redirect-warnings="+file)
	require.Equal(t, 0, r.code, "%s", r.stderr)
	require.Empty(t, r.stderr)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Regexp(t, `(?s)^\(node:\d+\) Warning: one\n.*\(node:\d+\) Warning: two\n$`, string(text))

	r = runProgram(t, `process.emitWarning('one');`, "--redirect-warnings="+filepath.Join(file, "none"))
	require.Contains(t, r.stderr, "Warning: one", "what cannot be opened must not hide a warning")
}

func TestARefusedChangeOfTheUserHasTheCLibrarysError(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become somebody that may not change its user")
	}
	require.Equal(t, []string{`EPERM, Operation not permitted 1 EPERM setuid`, `EPERM, Operation not permitted 1 EPERM setgroups`}, printed(t, `
		process.setuid(12345);
		for (const call of [() => process.setuid(0), () => process.setgroups([1])]) {
			try {
				call();
			} catch ({ message, errno, code, syscall }) {
				console.log(message, errno, code, syscall);
			}
		}`))
}

func TestADebugLogTellsOfItselfWhenItIsFirstCalled(t *testing.T) {
	requireExamples(t, `
		const { debuglog } = require('util');
		let told = [];
		const log = debuglog('nobody', (fn) => told.push(fn.enabled));
	`, []example{
		{"log.enabled + ' ' + told.length", `"false 0"`},
		{"(log('x'), log('y'), told)", `[false]`},
	})
}
