package ipc_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/ipc"
)

// After its peer has gone a socket is always ready. A channel that does not read must not wake up
// for it.
func TestAPausedChannelWhosePeerDiesDoesNotSpin(t *testing.T) {
	const wait = 50 * time.Millisecond
	for name, hold := range map[string]func(c *ipc.Channel){
		"nothing to send": func(c *ipc.Channel) { c.Pause() },
		"a hold":          func(c *ipc.Channel) { c.Hold() },
		"a full socket": func(c *ipc.Channel) {
			c.Pause()
			for !c.NeedDrain() {
				if c.Send(make([]int, 4096)) != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c, p := newChannel(t, l, nil)
			c.OnError(func(error) {})
			p.send("\"first\"\n")
			hold(c)
			p.close()
			l.SetTimeout(wait, l.Stop)
			before := l.Stats().Turns
			run(t, l)
			const most = 20 // turns; a loop that spins has thousands
			require.Less(t, l.Stats().Turns-before, uint64(most))
			var got []string
			c.OnMessage(func(m *ipc.Message) { got = append(got, string(m.Raw())) })
			c.OnDisconnect(func() { got = append(got, "disconnect") })
			c.Resume()
			if name == "a hold" {
				c.Release()
			}
			run(t, l)
			// If bytes were not read, the system drops the sent ones too.
			if name != "a full socket" {
				require.Equal(t, []string{`"first"`, "disconnect"}, got)
			}
			require.Contains(t, got, "disconnect")
		})
	}
}
