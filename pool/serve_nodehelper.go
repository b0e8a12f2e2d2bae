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
// where brood-worker.cjs is the file that [WriteNodeHelper] has written next to it, or that was
// copied there; an ES module imports it by the same name. Besides those three a handler's second
// argument has id, method, attempt; attach, a Buffer; reply(result, data), whose result is returned
// so that data goes along, a Buffer, another view of bytes, an array of them or a text; retire(). A
// handler that throws is answered for by an error with its message, name, stack and code, and so is
// one whose result cannot become JSON.
//
// signal is an AbortSignal, aborted when the job is cancelled, and grace milliseconds (5000) after
// the worker was to end. write(chunk) returns a promise, which waits while the parent takes no
// more; the chunks go in the order of the calls, and the answer behind them, whether the handler
// waits for the promises or not. ^C is ignored. At SIGTERM, and when the parent disconnects, no
// further job is begun; what runs is finished, teardown is called, and the process exits: with 0,
// or with 1 if teardown has failed. A worker without the helper needs no more than
//
//	process.on('message', async ({ id, job }) => process.send({ id, result: await work(job) }));
//
// and, since it does not say when it is ready, [ReadySpawn] in Options.Ready.
func NodeHelper() string { return nodeHelper }

//go:embed node/worker.js
var nodeHelper string

// WriteNodeHelper writes [NodeHelper] to a file, which it makes or replaces as a whole, so that
// several programs may do so at once; a file that has it already is left alone. It needs the
// directory. Errors are those of package os.
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
