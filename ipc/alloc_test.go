//go:build !race

package ipc_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/ipc"
)

// The race detector allocates on its own account, so this file is not built with it.

const allocRuns = 1000

// AllocsPerRun rounds down.
func TestReceivingAllocatesTheMessagesAndNothingElse(t *testing.T) {
	for name, text := range map[string]string{
		"small":              `{"n":1,"s":"hello"}` + "\n",
		"many in one read":   strings.Repeat(`{"n":1,"s":"hello"}`+"\n", 100),
		"longer than a read": `"` + strings.Repeat("x", 100_000) + "\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			got := 0
			c.OnMessage(func(m *ipc.Message) { got += len(m.Raw()) + 1 })
			bytes := []byte(text)
			receive := func() {
				for rest := bytes; len(rest) > 0; {
					n, err := unix.Write(p.fd, rest)
					if err != nil {
						require.NoError(t, err)
					}
					rest = rest[n:]
					if _, err := l.Poll(0); err != nil {
						require.NoError(t, err)
					}
				}
			}
			receive() // The first call makes the memory that is kept.
			receive()
			messages := strings.Count(text, "\n") / ipc.MessagesAtOnce
			require.EqualValues(t, messages, testing.AllocsPerRun(allocRuns, receive))
			require.Equal(t, (allocRuns+3)*len(text), got)
			p.close()
			run(t, l)
		})
	}
}

func TestSendingAllocatesWhatTheEncoderDoes(t *testing.T) {
	l := newLoop(t)
	c, p := newChannel(t, l, nil)
	buf := make([]byte, 1<<16)
	v := &struct {
		N int    `json:"n"`
		S string `json:"s"`
	}{1, "hello"}
	send := func(times int) func() {
		return func() {
			for range times {
				if err := c.Send(v); err != nil {
					require.NoError(t, err)
				}
			}
			if _, err := l.Poll(0); err != nil {
				require.NoError(t, err)
			}
			if n, err := unix.Read(p.fd, buf); n != 20*times || err != nil {
				require.Equal(t, 20*times, n)
			}
		}
	}
	for _, times := range []int{1, ipc.EagerWrites, 500} {
		send(times)()
		require.Zero(t, testing.AllocsPerRun(100, send(times)), times)
	}
	p.close()
	run(t, l)
}
