package host_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/script/host"
)

func TestTicksComeBeforeReactionsAndBothBeforeImmediates(t *testing.T) {
	require.Equal(t, []string{"main", "tick", "tick of tick", "reaction", "tick of reaction", "microtask", "immediate",
		"tick of immediate", "immediate 2"},
		printed(t, `
			setImmediate(() => { console.log('immediate'); process.nextTick(() => console.log('tick of immediate')); });
			setImmediate(() => console.log('immediate 2'));
			Promise.resolve().then(() => {
				console.log('reaction');
				process.nextTick(() => { console.log('tick of reaction'); queueMicrotask(() => console.log('microtask')); });
			});
			process.nextTick((a, b, c) => { console.log(a + b + c); process.nextTick(() => console.log('tick of tick')); }, 'ti', 'c', 'k');
			console.log('main');`))
}

func TestTicksThatAddTicksKeepTheirOrder(t *testing.T) {
	require.Equal(t, []string{"20000 true"}, printed(t, `
		let n = 0, ordered = true, last = -1;
		function tick(i) {
			if (i !== last + 1) ordered = false;
			last = i;
			if (++n < 20000) process.nextTick(tick, i + 1);
			else console.log(n + ' ' + ordered);
		}
		process.nextTick(tick, 0);`))
}

func TestATickThatThrowsDoesNotKeepTheOthersFromRunning(t *testing.T) {
	require.Equal(t, []string{"caught one uncaughtException", "second", "reaction"}, printed(t, `
		process.on('uncaughtException', (error, origin) => console.log('caught ' + error.message + ' ' + origin));
		Promise.resolve().then(() => console.log('reaction'));
		process.nextTick(() => { throw new Error('one'); });
		process.nextTick(() => console.log('second'));`))
}

func TestAnExceptionInAMicrotaskIsUncaught(t *testing.T) {
	require.Equal(t, []string{"caught no", "next"}, printed(t, `
		process.on('uncaughtException', (error) => console.log('caught ' + error.message));
		queueMicrotask(() => { throw new Error('no'); });
		queueMicrotask(() => console.log('next'));`))
}

func TestUnhandledRejections(t *testing.T) {
	const script = `
		process.on('warning', (w) => console.log(w.name));
		process.on('uncaughtException', (e, origin) => console.log('uncaught ' + e.message.slice(0, 10) + ' ' + origin));
		process.on('exit', (code) => console.log('exit ' + code));
		Promise.reject(new Error('why'));`
	warning := "UnhandledPromiseRejectionWarning"
	for _, row := range []struct{ mode, want string }{
		{"throw", "uncaught why unhandledRejection\nexit 0"},
		{"none", "exit 0"},
		{"warn", warning + "\n" + warning + "\nexit 0"},
		{"strict", "uncaught why unhandledRejection\n" + warning + "\n" + warning + "\nexit 0"},
	} {
		got := runProgram(t, script, "--unhandled-rejections="+row.mode).stdout
		require.Equal(t, row.want, got, row.mode)
	}
}

func TestALateHandlerOfARejectionIsReported(t *testing.T) {
	require.Equal(t, []string{"unhandled 1", "handled true"}, printed(t, `
		process.on('unhandledRejection', (reason) => console.log('unhandled ' + reason));
		process.on('rejectionHandled', (p) => console.log('handled ' + (p === promise)));
		const promise = Promise.reject(1);
		setImmediate(() => promise.catch(() => {}));`))
}

func TestARejectionThatIsNoErrorSaysWhat(t *testing.T) {
	r := runProgram(t, `
		process.on('uncaughtExceptionMonitor', (e) => console.log(e.name + ' ' + e.code));
		Promise.reject({ a: 1 });`)
	require.Equal(t, 1, r.code)
	require.Equal(t, "UnhandledPromiseRejection ERR_UNHANDLED_REJECTION", r.stdout)
	require.Contains(t, r.stderr, `The promise rejected with the reason "#<Object>".`)
}

func TestExitHandlersRunBeforeAnUncaughtErrorIsPrinted(t *testing.T) {
	r := runProgram(t,
		`process.on('exit', (code) => { console.log('exit ' + code); process.exitCode = 9; }); throw new Error('no');`)
	require.Equal(t, "exit 1", r.stdout)
	require.Contains(t, r.stderr, "Error: no")
	require.Equal(t, 9, r.code)
}

func TestWeakRefHoldsItsTargetUntilTheJobIsDone(t *testing.T) {
	require.Equal(t, []string{"true", "false"}, printed(t, `
		const ref = new WeakRef({});
		console.log(String(ref.deref() !== undefined));
		setImmediate(() => console.log(String(ref.deref() !== undefined)));`))
}

func TestAtomicsWaitSleeps(t *testing.T) {
	require.Equal(t, []string{"not-equal", "timed-out true"}, printed(t, `
		const a = new Int32Array(new SharedArrayBuffer(4));
		console.log(Atomics.wait(a, 0, 1, 1000));
		const began = Date.now();
		console.log(Atomics.wait(a, 0, 0, 20) + ' ' + (Date.now() - began >= 19));`))
}

func TestAtomicsWaitIsInterrupted(t *testing.T) {
	stop := errors.New("stop")
	loop, err := reactor.New(nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, loop.Close()) }()
	h, err := host.New(loop, nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, h.Close()) }()
	timer := time.AfterFunc(10*time.Millisecond, func() { h.Interrupt(stop) })
	defer timer.Stop()
	err = h.MainText(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`, nil)
	require.ErrorIs(t, err, stop)
}

func TestAListenerOfUncaughtExceptionsThatThrowsEndsTheScript(t *testing.T) {
	r := runProgram(t,
		`process.on('uncaughtException', (e) => { throw new Error('again ' + e.message); }); throw new Error('one');`)
	require.Equal(t, 7, r.code)
	require.Contains(t, r.stderr, "Error: again one")
}

func TestAScriptMayTakeTheHandlerOfUncaughtExceptionsAway(t *testing.T) {
	r := runProgram(t, `process._fatalException = undefined; throw new Error('one');`)
	require.Equal(t, 6, r.code)
	require.Contains(t, r.stderr, "Error: one")
}

func TestAModeOfRejectionsThatIsNone(t *testing.T) {
	r := runProgram(t, `console.log('never')`, "--unhandled-rejections=bogus")
	require.Equal(t, result{"", r.stderr, 9}, r)
	require.Contains(t, r.stderr, "invalid value for --unhandled-rejections")
}

// A tick that a reaction adds runs before a rejection is reported, because it may handle the
// rejection.
func TestARejectionThatATickHandlesIsHandled(t *testing.T) {
	require.Equal(t, []string{"handled x", "unhandled y"}, printedBy(t, `
		process.on('unhandledRejection', (reason) => console.log('unhandled ' + reason));
		Promise.resolve().then(() => {
			const p = Promise.reject('x');
			process.nextTick(() => p.catch((reason) => console.log('handled ' + reason)));
			Promise.reject('y');
		});`))
}
