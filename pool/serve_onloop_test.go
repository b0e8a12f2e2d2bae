package pool_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/pool"
)

func init() {
	// serve-overflow [async] writes more on the loop than the parent takes, and fails.
	helperproc.Register("serve-overflow", func(args []string) {
		serveHelper(pool.Handlers{
			"overflow": func(_ context.Context, j *pool.Job) (any, error) {
				_, err := j.Write([]byte(strings.Repeat("x", 2<<20)))
				return nil, err
			},
			"": nothing,
		}, &pool.ServeOptions{OnLoop: len(args) == 0, Async: len(args) > 0})
	})
}

// A job that ended without credit leaves nothing behind that affects later jobs or the end of the
// worker.
//
//brood:checks W070
func TestAJobOnTheLoopThatHadNoCreditLeavesNothingBehind(t *testing.T) {
	for _, mode := range [][]string{nil, {"async"}} {
		p := startHelper(t, "serve-overflow", mode...)
		p.next()
		for range 3 {
			p.send(`{"id":1,"method":"overflow"}`)
			for got := 0; got < 1<<20; {
				data, ok := chunkOf(t, p.next())
				require.True(t, ok)
				got += len(data)
			}
			p.expect(`{"id":1,"error":{"message":"pool: the parent takes no more for now"}}`)
			p.send(`{"id":2}`)
			p.expect(`{"id":2,"result":null}`)
		}
		p.disconnect()
		require.Empty(t, p.stderr.String())
	}
}
