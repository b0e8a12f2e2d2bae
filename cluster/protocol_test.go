package cluster_test

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// echo is a worker that answers with its number. It does not know this library.
const echo = `
	const cluster = require('cluster'), net = require('net');
	if (cluster.isPrimary) throw new Error('a primary');
	net.createServer((c) => { c.on('error', () => {}); c.end('' + cluster.worker.id); }).listen(+process.env.PORT || 0, '127.0.0.1');
`

//brood:checks W100
func TestAnUnmodifiedWorkerServesUnderAGoPrimary(t *testing.T) {
	eachMode(t, func(t *testing.T, fork *childprocess.ForkOptions) {
		o := nodeOptions(t, echo)
		o.Fork = fork
		f := newCluster(t, o)
		f.fork(2)
		var answers []string
		f.when(f.saw("listening", 2), func() {
			require.Equal(t, f.ports[1], f.ports[2])
			f.client(func() error {
				for range 4 {
					s, err := ask("tcp", local(f.ports[1]))
					if err != nil {
						return err
					}
					answers = append(answers, s)
				}
				return nil
			}, func() { f.cluster.Disconnect(func() { f.events = append(f.events, "done") }) })
		})
		f.run()
		require.Equal(t, "1 2 1 2", strings.Join(answers, " "))
		require.Equal(t, []string{"fork", "online", "listening", "disconnect", "exit exit status 0 true"}, f.eventsOf(1))
		require.Equal(t, "done", f.events[len(f.events)-1])
		require.Zero(t, f.count("message"), "users see nothing of the protocol")
	})
}

//brood:checks W110
func TestAWorkerThatIsKilledWasNotMeantToGo(t *testing.T) {
	f := newCluster(t, nodeOptions(t, echo))
	f.fork(1)
	f.when(f.saw("listening", 1), func() {
		ok, err := f.cluster.Worker(1).Kill(syscall.SIGKILL)
		require.True(t, ok)
		require.NoError(t, err)
	})
	f.run()
	require.Equal(t, []string{"fork 1", "online 1", "listening 1", "disconnect 1", "exit 1 signal: SIGKILL false"}, f.events)
}
