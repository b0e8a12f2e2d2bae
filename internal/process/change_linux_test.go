package process

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

//brood:checks S040
func TestWordsOfWaitThatMeanNoEnd(t *testing.T) {
	for word, want := range map[syscall.WaitStatus]Change{
		0x137f: {Kind: Stopped, Signal: syscall.SIGSTOP},
		0x147f: {Kind: Stopped, Signal: syscall.SIGTSTP},
		0xffff: {Kind: Continued},
	} {
		require.Equal(t, want, decode(word), "%#x", word)
		require.False(t, decode(word).Ended(), "%#x", word)
	}
}

//brood:checks S040
func TestCodesOfWaitid(t *testing.T) {
	for codeAndValue, want := range map[[2]int32]Change{
		{1, 255}:                    {Kind: Exited, Code: 255},
		{2, int32(syscall.SIGTERM)}: {Kind: Signaled, Signal: syscall.SIGTERM},
		{3, int32(syscall.SIGSEGV)}: {Kind: Signaled, Signal: syscall.SIGSEGV, CoreDumped: true},
		{4, int32(syscall.SIGTRAP)}: {Kind: Lost}, // Traced: nobody asks for that.
		{5, int32(syscall.SIGTSTP)}: {Kind: Stopped, Signal: syscall.SIGTSTP},
		{6, int32(syscall.SIGCONT)}: {Kind: Continued},
		{0, 0}:                      {Kind: Lost},
		{99, 0}:                     {Kind: Lost},
	} {
		require.Equal(t, want, changeOf(codeAndValue[0], codeAndValue[1], nil), "%v", codeAndValue)
	}
}
