package pool_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
)

// nodeParent forks the program in its arguments, a worker in Go, and sends the messages of a pool.
const nodeParent = `
const [file, ...args] = process.argv.slice(2);
const worker = require('node:child_process').fork(args[0], args.slice(1), { execPath: file, execArgv: [] });
const log = [];
let left = 2;
worker.on('message', (m) => {
	log.push(m);
	if (m.ready) {
		worker.send({ id: 1, job: { text: 'ä\u2028', list: [1.5, null] } });
		worker.send({ id: 2, method: 'fail', job: 'errno' });
		worker.send({ id: 3, method: 'wait', job: 'a' });
		worker.send({ ping: 9 });
	} else if (m.id === 3 && m.progress) {
		worker.send({ id: 3, cancel: 'enough' });
		worker.send({ id: 5, method: 'ended', job: 'a' });
	} else if (m.id === 3 && m.error) {
		worker.send({ id: 4, method: 'none of its own', job: undefined });
	} else if (m.id === 5 && !m.result) {
		worker.kill('SIGKILL'); // It does not answer the cancelled job.
	} else if (m.id >= 4 && --left === 0) {
		worker.disconnect();
	}
});
worker.on('exit', (code, signal) => console.log(JSON.stringify({ code, signal, log })));
`

// The parent needs no code of a pool.
//
//brood:checks W080
func TestAGoWorkerServesAPlainNodeProgram(t *testing.T) {
	node := looptest.NodePath(t)
	path := filepath.Join(t.TempDir(), "parent.js")
	require.NoError(t, os.WriteFile(path, []byte(nodeParent), 0o600))
	file, argv := helperproc.Command("serve", "concurrency=4")
	ctx, cancel := context.WithTimeout(t.Context(), looptest.HangLimit())
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{path, file}, argv...)...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	require.NoError(t, err)
	var got struct {
		Code   *int
		Signal *string
		Log    []json.RawMessage
	}
	require.NoError(t, json.Unmarshal(out, &got))
	require.NotNil(t, got.Code, "%s", out)
	require.Zero(t, *got.Code)
	var log []string
	for _, m := range got.Log {
		log = append(log, string(m))
	}
	require.ElementsMatch(t, []string{
		`{"ready":{"version":1,"concurrency":4,"accepts":["cancel","recall","credit","ping"]` + readyAttach + `}}`,
		"{\"id\":1,\"result\":{\"list\":[1.5,null],\"text\":\"ä\u2028\"}}",
		`{"id":2,"error":{"message":"open /nonexistent: no such file or directory","name":"fs.PathError","code":"ENOENT"}}`,
		`{"id":3,"progress":"begun"}`,
		`{"pong":9}`,
		`{"id":3,"error":{"message":"pool: job cancelled: enough","name":"pool.CancelError","code":"ERR_CANCELLED"}}`,
		`{"id":4,"result":null}`,
		`{"id":5,"result":true}`,
	}, log)
}
