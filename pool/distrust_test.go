package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// ignoresTERM begins a script that ignores SIGTERM, as do the programs that it executes.
const ignoresTERM = `trap '' TERM
`

// Messages of a worker that has broken the protocol are dropped while it has not exited.
//
//brood:checks W070 W085
func TestMessagesAfterABreachAreDropped(t *testing.T) {
	for name, row := range map[string]struct {
		attachments bool
		text        string
	}{
		"chunks over the credit": {false, `
echo '{"ready":{"version":1,"accepts":["credit"]}}' >&3
read job <&3
x=$(head -c 60000 /dev/zero | tr '\0' x)
exec yes '{"id":1,"chunk":"'"$x"'"}' >&3`},
		"attachments": {true, `
echo '{"ready":true}' >&3
read job <&3
exec cat /dev/zero >&4`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, script(t, pool.Options{
				Max: 1, Attachments: row.attachments, KillGrace: time.Second,
			}, ignoresTERM+row.text))
			ended := exits(p)
			ready(t, l, p, 1)
			task, got := runTask(t, p, "job", nil)
			task.Pause()
			bounded(t, l, 12<<20, func() bool { return len(*ended) == 1 && got.called == 1 })
			require.ErrorIs(t, got.err, pool.ErrBroken)
			require.Equal(t, pool.ExitProtocol, (*ended)[0].Reason)
			stop(t, l, p)
		})
	}
}
