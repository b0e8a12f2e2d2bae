package pool_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
)

//brood:checks W010
func TestAServerIsReadyOnceItListens(t *testing.T) {
	node := looptest.NodePath(t)
	for name, listen := range map[string]string{"tcp": `{port: 0, host: '127.0.0.1'}`, "unix": `{path: process.argv[2]}`} {
		t.Run(name, func(t *testing.T) {
			// An inherited listener is not one of its own.
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			start := filepath.Join(t.TempDir(), "start")
			path := filepath.Join(t.TempDir(), "server.cjs")
			require.NoError(t, os.WriteFile(path, []byte(`
				const timer = setInterval(() => {
					if (!require('fs').existsSync('`+start+`')) return;
					clearInterval(timer);
					require('net').createServer().listen(`+listen+`);
				}, 5);
				process.on('message', ({id}) => process.send({id, result: 'listening'}));`), 0o600))
			l := newLoop(t)
			fork := &childprocess.ForkOptions{}
			fork.ListenFDs = []childprocess.ListenFD{{Socket: ln.(*net.TCPListener)}}
			p := newPool(t, l, &pool.Options{
				Module: path, ExecPath: node, Args: []string{filepath.Join(t.TempDir(), "socket")}, Max: 1, Ready: pool.ReadyListening, Fork: fork,
			})
			until(t, l, func() bool { return p.Workers()[0].Pid > 0 })
			pass(t, l, 300*time.Millisecond) // It runs without listening.
			require.Equal(t, 1, p.Stats().Starting)
			require.NoError(t, os.WriteFile(start, nil, 0o600))
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			require.Equal(t, "listening", value[string](got))
			p.Kill(1) // Its server keeps it from exiting by itself.
			stop(t, l, p)
		})
	}
}
