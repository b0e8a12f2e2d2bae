package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChannelsPublishToTheirSubscribers(t *testing.T) {
	requireExamples(t,
		"const dc = require('diagnostics_channel'); const { AsyncLocalStorage } = require('async_hooks'); let got = [];"+
			"const take = (f) => { got = []; f(); return got; }; const one = (message, name) => got.push(message, name);",
		[]example{
			{`dc.channel('a') === dc.channel('a') && dc.channel('a') instanceof dc.Channel`, `true`},
			{`[dc.hasSubscribers('a'), dc.subscribe('a', one), dc.hasSubscribers('a'), dc.channel('a').hasSubscribers]`,
				`[false,null,true,true]`},
			{`take(() => dc.channel('a').publish(1))`, `[1,"a"]`},
			{`[dc.unsubscribe('a', one), dc.unsubscribe('a', one), dc.hasSubscribers('a'), take(() => dc.channel('a').publish(1))]`, `[true,false,false,[]]`},
			{`dc.subscribe('a', null)`,
				`TypeError ERR_INVALID_ARG_TYPE: The "subscription" argument must be of type function. Received null`},
			{`dc.channel(1)`, `TypeError ERR_INVALID_ARG_TYPE: The "channel" argument must be one of type string or symbol. Received type number (1)`},
			// A subscriber that is removed during the call is called; one that is added is not.
			{`take(() => { const b = dc.channel('b'); b.subscribe(() => { b.unsubscribe(one); b.subscribe(one); }); b.subscribe(one); b.publish(2); })`, `[2,"b"]`},
			{`take(() => { const s = new AsyncLocalStorage(), c = dc.channel('c'); c.bindStore(s, (x) => x + 1);
			got.push(c.runStores(1, function(x) { return [this.t, x, s.getStore()]; }, { t: 5 }, 6), s.getStore() === undefined, c.unbindStore(s), c.hasSubscribers); })`,
				`[[5,6,2],true,true,false]`},
			{`take(() => { const t = dc.tracingChannel('t'); t.subscribe({ start: (m) => got.push('start'), end: (m) => got.push('end', m.result) }); got.push(t.traceSync((x) => x * 2, {}, null, 4)); })`,
				`["start","end",8,8]`},
			{`take(() => { const t = dc.tracingChannel('u'); t.subscribe({ error: (m) => got.push(m.error), end: (m) => got.push('end') }); try { t.traceSync(() => { throw 3; }); } catch (e) { got.push(e); } })`,
				`[3,"end",3]`},
			{`take(() => { const t = dc.tracingChannel('v'); t.subscribe({ asyncStart: (m) => got.push('start', m.result), asyncEnd: () => got.push('end') });
			t.traceCallback((done) => done(null, 7), 0, {}, null, () => got.push('done')); })`, `["start",7,"done","end"]`},
			{`dc.tracingChannel({ start: 1 })`, `TypeError ERR_INVALID_ARG_TYPE: The "nameOrChannels.start" property must be an instance of Channel. Received type number (1)`},
		})
}

func TestASubscribersExceptionIsNotThePublishers(t *testing.T) {
	require.Equal(t, []string{"published", "other", "caught boom"}, printed(t, `
		const dc = require('diagnostics_channel');
		process.on('uncaughtException', (error) => console.log('caught', error.message));
		dc.subscribe('a', () => { throw new Error('boom'); });
		dc.subscribe('a', () => console.log('published'));
		dc.channel('a').publish(1);
		console.log('other');`))
}

func TestTheLibraryPublishesOnDiagnosticsChannels(t *testing.T) {
	require.Equal(t, []string{
		"console.log hello", "hello", "child_process true", "start true", "end 1", "child_process true", "start false",
		"error ENOENT", "server listens", "listening", "client", "server",
	}, printed(t, `
		const dc = require('diagnostics_channel');
		const { ChildProcess, spawn } = require('child_process');
		const say = (text) => process.stdout.write(text + '\n');
		dc.subscribe('console.log', (args) => say('console.log ' + args));
		console.log('hello');
		dc.subscribe('child_process', ({ process }) => say('child_process ' + (process instanceof ChildProcess)));
		dc.tracingChannel('child_process.spawn').subscribe({
			start: ({ options }) => say('start ' + (options.file === 'true')), end: ({ process }) => say('end ' + Math.sign(process.pid)),
			error: ({ error }) => say('error ' + error.code),
		});
		spawn('true').on('close', () => {
			spawn('/nowhere/at/all').on('error', () => {
				dc.tracingChannel('net.server.listen').subscribe({ asyncStart: () => say('server listens'), asyncEnd: () => say('listening') });
				dc.subscribe('net.client.socket', () => say('client'));
				dc.subscribe('net.server.socket', () => say('server'));
				const server = require('net').createServer((socket) => { socket.destroy(); server.close(); });
				server.listen(0, '127.0.0.1', () => require('net').connect(server.address().port, '127.0.0.1').on('error', () => {}));
			});
		});`))
}

func TestHooksHearOfResourcesOfTheScript(t *testing.T) {
	r := runProgram(t, `
		const { AsyncResource, createHook } = require('async_hooks');
		const heard = [], own = new Set(); // Other operations, such as immediates, are in TestHooksHearOfEveryOperation.
		const hook = createHook({
			init(id, type, trigger, resource) {
				if (!(resource instanceof AsyncResource)) return;
				own.add(id);
				heard.push(['init', type, this === hook]);
			},
			before(id) { if (own.has(id)) heard.push(['before']); },
			after(id) { if (own.has(id)) heard.push(['after']); },
			destroy(id) { if (own.has(id)) heard.push(['destroy']); },
		});
		new AsyncResource('UNHEARD');
		hook.enable().enable();
		const resource = new AsyncResource('OWN');
		try {
			resource.runInAsyncScope(() => { throw heard.push(['run']); });
		} catch {
			heard.push(['caught']);
		}
		resource.emitDestroy();
		setImmediate(() => {
			hook.disable();
			new AsyncResource('UNHEARD').emitDestroy();
			console.log(JSON.stringify(heard));
			hook.enable();
			heard.length = 0;
			(() => { new AsyncResource('COLLECTED'); new AsyncResource('MANUAL', { requireManualDestroy: true }); })();
			gc();
			setImmediate(() => console.log(heard.map(([name]) => name).join()));
		});`, "--expose-gc")
	require.Equal(t, 0, r.code, "%s", r.stderr)
	require.Equal(t, `[["init","OWN",true],["before"],["run"],["after"],["caught"],["destroy"]]`+"\ninit,init,destroy",
		r.stdout)
}
