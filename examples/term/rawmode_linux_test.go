package main

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/examples/internal/program"
	"github.com/brood-go/brood/internal/test/looptest"
)

// untilRaw waits until term has put the terminal into raw mode, which no byte tells of.
func (p *person) untilRaw() {
	p.t.Helper()
	for limit := time.Now().Add(looptest.HangLimit()); ; runtime.Gosched() {
		mode, err := unix.IoctlGetTermios(p.tty.FD(), unix.TCGETS)
		require.NoError(p.t, err)
		if mode.Lflag&unix.ECHO == 0 {
			return
		}
		require.True(p.t, time.Now().Before(limit), "the mode stays")
	}
}

// SIGSTOP cannot be caught. The shell gives the terminal another mode meanwhile, as shells do that
// have a line editor.
func TestTheModeIsEnteredAgainAfterAStopThatIsNotSeen(t *testing.T) {
	const jobs = `set -m; before=$(stty -g); "$@"
stty sane; echo "stopped"
fg >/dev/null
` + report
	p, run := sits(t, jobs, program.Path(t), "/bin/sh", "-c", "echo term $PPID; read line; echo got $line; exit 4")
	p.when("\r\n", func() { require.NoError(t, unix.Kill(p.number("term"), unix.SIGSTOP)) })
	p.when("stopped\r\n", func() { p.untilRaw() })
	p.types("", "typed\r")
	run()
	require.Contains(t, p.text, "stopped\r\ntyped\r\ngot typed\r\n", "one echo, of the inner terminal")
}
