package process

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

//brood:checks S040
func TestWordsOfWait(t *testing.T) {
	for word, want := range map[syscall.WaitStatus]Change{
		0x0000:  {Kind: Exited},
		0x0100:  {Kind: Exited, Code: 1},
		0xff00:  {Kind: Exited, Code: 255},
		0x000f:  {Kind: Signaled, Signal: syscall.SIGTERM},
		0x0009:  {Kind: Signaled, Signal: syscall.SIGKILL},
		0x008b:  {Kind: Signaled, Signal: syscall.SIGSEGV, CoreDumped: true},
		0x0086:  {Kind: Signaled, Signal: syscall.SIGABRT, CoreDumped: true},
		0x00ff:  {Kind: Lost}, // "stopped" and "dumped core" at once.
		0x0080:  {Kind: Lost}, // "dumped core" by no signal.
		0x10000: {Kind: Lost}, // More bits than a status has.
	} {
		require.Equal(t, want, decode(word), "%#x", word)
		require.True(t, decode(word).Ended(), "%#x", word)
	}
}
