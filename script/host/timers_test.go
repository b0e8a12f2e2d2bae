package host_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimersFireInOrderOfTheirTimesAndOfBeingSet(t *testing.T) {
	require.Equal(t, []string{"1a", "tick", "1b", "5", "10a", "10b"}, printed(t, `
		const say = (text) => console.log(text);
		setTimeout(say, 10, '10a');
		setTimeout(say, 5, '5');
		setTimeout(() => { say('1a'); process.nextTick(say, 'tick'); }, 1);
		setTimeout(say, 10, '10b');
		setTimeout(say, 0, '1b');`))
}

func TestWhenTimersAreLateAListRunsWhole(t *testing.T) {
	// Both timers of 1 ms fire before the list of 20 ms is examined, although the second was due
	// after it.
	require.Equal(t, []string{"1", "1 again", "20"}, printed(t, `
		const busy = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
		setTimeout(() => console.log('20'), 20);
		setTimeout(() => console.log('1'), 1);
		busy(25);
		setTimeout(() => console.log('1 again'), 1);
		busy(5);`))
}

func TestATimerThatThrowsDoesNotKeepTheOthersFromRunning(t *testing.T) {
	require.Equal(t, []string{"caught", "second", "immediate caught", "immediate second"}, printed(t, `
		process.on('uncaughtException', (e) => console.log(e.message));
		setTimeout(() => { throw new Error('caught'); }, 1);
		setTimeout(() => {
			console.log('second');
			setImmediate(() => { throw new Error('immediate caught'); });
			setImmediate(() => console.log('immediate second'));
		}, 1);`))
}

func TestRefreshSetsATimerAnewAndAClearedOneStaysCleared(t *testing.T) {
	require.Equal(t, []string{"other", "refreshed", "again", "true"}, printed(t, `
		let n = 0;
		const timer = setTimeout(() => {
			console.log(n++ === 0 ? 'refreshed' : 'again');
			if (n === 1) timer.refresh();
			else console.log(String(timer.hasRef()));
		}, 2);
		setTimeout(() => console.log('other'), 2);
		timer.refresh();
		const cleared = setTimeout(() => console.log('never'), 1);
		clearTimeout(cleared);
		cleared.refresh();`))
}

func TestUnrefLetsTheScriptEnd(t *testing.T) {
	began := time.Now()
	require.Equal(t, []string{"done"}, printed(t, `
		setTimeout(() => console.log('never'), 1e6).unref();
		setInterval(() => {}, 1e6).unref();
		setImmediate(() => {}).unref();
		console.log('done');`))
	require.Less(t, time.Since(began), deadline/2)
}

func TestATimeLimitOfTheLibraryHoldsNothing(t *testing.T) {
	r := runProgram(t, `require('internal/timers').setUnrefTimeout(() => console.log('never'), 1e6); console.log('done')`,
		"--expose-internals")
	require.Equal(t, "done", r.stdout)
}

func TestAnIntervalEndsWhenItClearsItself(t *testing.T) {
	require.Equal(t, []string{"1", "2", "3"}, printed(t, `
		let n = 0;
		const id = +setInterval(() => { console.log(String(++n)); if (n === 3) clearInterval(id); }, 1);`))
}

func TestATimerCountsFromWhenItIsSetNotFromTheBeginOfTheTurn(t *testing.T) {
	require.Equal(t, []string{"true"}, printed(t, `
		const end = Date.now() + 100;
		while (Date.now() < end);
		const began = Date.now();
		setTimeout(() => console.log(String(Date.now() - began < 90)), 1);`))
}

func TestInvalidDurationsAreWarnedOf(t *testing.T) {
	r := runProgram(t, `
		process.on('warning', (w) => console.log(w.name));
		clearTimeout(setTimeout(() => {}, NaN)); clearTimeout(setTimeout(() => {}, NaN));
		clearTimeout(setTimeout(() => {}, -1)); clearTimeout(setTimeout(() => {}, 2 ** 31));`)
	require.Equal(t, "TimeoutNaNWarning\nTimeoutNegativeWarning\nTimeoutOverflowWarning", r.stdout)
}

func TestPromisesOfTimers(t *testing.T) {
	require.Equal(t, []string{"value", "now", "AbortError boom", "ERR_INVALID_ARG_TYPE", "tick", "tick", "yielded"}, printed(t, `
		const { setTimeout, setImmediate, setInterval, scheduler } = require('timers/promises');
		(async () => {
			console.log(await setTimeout(1, 'value'));
			console.log(await setImmediate('now'));
			const controller = new AbortController();
			const waiting = setTimeout(1e6, null, { signal: controller.signal });
			controller.abort('boom');
			await waiting.catch((e) => console.log(e.name + ' ' + e.cause));
			await setTimeout(1, null, { ref: 1 }).catch((e) => console.log(e.code));
			let n = 0;
			for await (const value of setInterval(1, 'tick')) { console.log(value); if (++n === 2) break; }
			await scheduler.yield();
			console.log('yielded');
		})();`))
}

func TestABreakLeavesNothingOfAnInterval(t *testing.T) {
	require.Equal(t, []string{"0"}, printed(t, `
		const { setInterval } = require('timers/promises');
		const { listenerCount } = require('events');
		(async () => {
			const { signal } = new AbortController();
			for await (const _ of setInterval(1, null, { signal })) break;
			console.log(String(listenerCount(signal, 'abort')));
		})();`))
}

// A waiting script uses no processor time: one timer of the loop serves all its timers.
func TestAScriptThatWaitsIsIdle(t *testing.T) {
	require.Equal(t, []string{"true"}, printed(t, `
		const { user, system } = process.cpuUsage();
		setInterval(() => {}, 1e6).unref();
		setTimeout(() => {
			const now = process.cpuUsage();
			console.log(String(now.user + now.system - user - system < 100e3));
		}, 500);`))
}
