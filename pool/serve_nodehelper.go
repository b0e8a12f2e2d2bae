package pool

import (
	_ "embed"
	"os"
	"path/filepath"
)

// NodeHelper returns the source of a CommonJS module without dependencies, the worker's side for
// Node, in 60 lines. A worker is
//
//	const { serve } = require('./brood-worker.cjs');
//	serve({
//		resize: async (job, { signal, progress, write }) => { … return result; },
//	}, { concurrency: 4, teardown: async () => { … } });
//
// where brood-worker.cjs is a file that [WriteNodeHelper] has written, or a copy of it. An ES
// module imports it by the same name.
//
// The second argument of a handler also has id, method, attempt; attach, a Buffer; reply(result,
// data), whose result the handler returns in order to send data along (a Buffer, another view of
// bytes, an array of bytes, or a text); and retire(). If a handler throws, the answer is an error
// with message, name, stack and code. A result that cannot become JSON is answered with an error
// too.
//
// signal is an AbortSignal. It is aborted when the job is cancelled, and grace milliseconds (5000)
// after the worker was told to exit. write(chunk) returns a promise that waits while the parent
// takes no more. Chunks go in the order of the calls, and the answer after them, whether the
// handler awaits the promises or not.
//
// SIGINT is ignored. At SIGTERM, and when the parent disconnects, no further job is begun; running
// ones finish, teardown is called, and the process exits: with 0, or with 1 if teardown has failed.
//
// A worker without the helper needs no more than
//
//	process.on('message', async ({ id, job }) => process.send({ id, result: await work(job) }));
//
// and [ReadySpawn] in Options.Ready, because it sends no ready message.
func NodeHelper() string { return nodeHelper }

//go:embed node/worker.js
var nodeHelper string

// WriteNodeHelper writes [NodeHelper] to a file. It makes or replaces the file as a whole, so
// several programs may call it at once; a file with the same text is left alone. The directory must
// exist. Errors are those of package os.
//
// Safe to call from any goroutine.
func WriteNodeHelper(path string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == nodeHelper {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(nodeHelper)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // The error above is the one to report.
	}
	return err
}
