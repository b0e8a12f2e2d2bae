package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnInterruptEndsAScriptThatAsksForIt(t *testing.T) {
	require.Equal(t, []string{"ERR_SCRIPT_EXECUTION_INTERRUPTED", "goes on"}, printed(t, `
		const { spawn } = require('child_process');
		globalThis.interrupt = () => spawn('kill', ['-INT', String(process.pid)]);
		try { require('vm').runInThisContext('interrupt(); for (;;);', { breakOnSigint: true }); } catch (e) { console.log(e.code); }
		console.log('goes on');`))
}
