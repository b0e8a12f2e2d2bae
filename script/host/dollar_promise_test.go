package host_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

func TestACommandIsAPromise(t *testing.T) {
	require.Equal(t, []string{
		`true true false true`, `"[object ProcessPromise]"`, `7 7`, `1`, `true 3`, `"ERR_INVALID_ARG_TYPE" "ERR_INVALID_ARG_TYPE"`, `5 "ProcessError"`,
		`[1,2,0]`, `"finally" 2`,
	}, dollar(t, `
		const { ProcessPromise } = require('brood');
		let p = $`+"`exit 7`"+`.nothrow();
		const then = p.then(({ exitCode }) => exitCode);
		tell(p instanceof Promise, p instanceof ProcessPromise, then instanceof ProcessPromise, Promise.resolve(p) === p);
		tell(String(p));
		tell((await p).exitCode, await then);

		const { AsyncLocalStorage } = require('async_hooks');
		const storage = new AsyncLocalStorage();
		await storage.run(1, async () => {
			await $`+"`:`"+`;
			await $`+"`/bin/sh -c :`"+`;
			tell(storage.getStore());
		});

		const unhandled = new Promise((resolve) => process.once('unhandledRejection', (error, promise) => resolve([error, promise])));
		p = $`+"`exit 3`"+`;
		const [error, promise] = await unhandled;
		tell(promise === p, error.exitCode);

		const refused = (fn) => { try { fn(); } catch (e) { return e.code; } };
		p = $`+"`:`"+`;
		tell(refused(() => p.quiet(1)), refused(() => p.nothrow('no')));
		await p;

		tell((await $`+"`:`"+`.nothrow().pipe`+"`cat; exit 5`"+`).exitCode, (await $({ nothrow: true })`+"`exit 6`"+`.nothrow(false).catch((e) => e)).name);
		tell((await Promise.all([$`+"`exit 1`"+`.nothrow(), $`+"`exit 2`"+`.nothrow(), $`+"`:`"+`])).map((output) => output.exitCode));
		await $`+"`exit 2`"+`.finally(() => {}).catch((e) => tell('finally', e.exitCode));`))
}

func TestValuesThatAreNotPlainTextsGoTheSameWay(t *testing.T) {
	require.Equal(t, []string{
		`"[�] [a]\n"`, `"[1] [b]\n"`, `"[x] [y] [z]\n"`, `"[xay] [b]\n"`, `"[xy]\n"`, `"[p] [q] p\n"`, `"[�]\n"`,
	}, dollar(t, `
		const show = (...values) => $`+"`/usr/bin/env printf '[%s] [%s]\\n' ${values[0]} ${values[1]}`"+`.text();
		tell(await show('\ud800', 'a'));
		tell(await show(1, 'b'));
		tell(await $`+"`/usr/bin/env printf '[%s] [%s] [%s]\\n' ${['x', 'y']} ${'z'}`"+`.text());
		tell(await $`+"`/usr/bin/env printf '[%s] [%s]\\n' x${['ay', 'b']}`"+`.text());
		tell(await $`+"`/usr/bin/env printf '[%s]\\n' x${[]}y`"+`.text());
		tell(await $({ prefix: 'v=p; ' })`+"`printf '[%s] [%s] %s\\n' ${['p', 'q']} $v`"+`.text());
		tell(await $`+"`printf '[%s]\\n' ${'\\udfff'}`"+`.text());`))
}

func TestPWDIsWhereAScriptHasGone(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "a"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(dir, "a"), filepath.Join(dir, "link")))
	r := runProgram(t, `
		const pwd = async () => /^PWD=(.*)$/m.exec(await $`+"`env`"+`.text())[1];
		const dir = '`+dir+`';
		(async () => {
			process.chdir(dir);
			console.log(await pwd());
			process.chdir('link');
			console.log(await pwd());
			process.env.PWD = dir + '/link';
			console.log(await pwd());
			process.chdir('..');
			console.log(await pwd());
		})();`)
	require.Equal(t, dir+"\n"+dir+"/a\n"+dir+"/link\n"+dir, r.stdout, r.stderr)
}

// commandAllocations bounds the allocations in Go for a command of $ that is a program with one
// value: for the child, its streams and the calls between Go and the engine. There are 36.
const commandAllocations = 50

func TestACommandTakesFewAllocations(t *testing.T) {
	file, err := exec.LookPath("true")
	require.NoError(t, err)
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	const n = 300
	run := func() uint64 {
		var before, after runtime.MemStats
		require.NoError(t, h.MainText(fmt.Sprintf("(async () => { for (let i = 0; i < %d; i++) await $`${'%s'}`; })()", n, file), nil))
		runtime.ReadMemStats(&before)
		_, err := h.Run()
		require.NoError(t, err)
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	require.LessOrEqual(t, run()/n, uint64(commandAllocations))
	require.NoError(t, h.Close())
	require.NoError(t, loop.Close())
}
