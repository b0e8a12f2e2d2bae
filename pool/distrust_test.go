package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// deaf begins a script whose process, and what it becomes, does not end on SIGTERM.
const ignoresTERM = `trap '' TERM
`

// A worker that has broken the protocol and does not end at once is not listened to any more.
//
//brood:checks W070 W085
func TestWhatAWorkerSendsAfterItsBreachIsDropped(t *testing.T) {
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
