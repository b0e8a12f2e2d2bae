package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestADomainGetsErrorsOfItsOperations(t *testing.T) {
	require.Equal(t, []string{
		"thrown true", "emitted false true", "tick true", "reaction true", "timer true", "immediate true", "file true",
		"none null",
	}, printed(t, `
		const domain = require('domain');
		const EventEmitter = require('events');
		const within = (work) => new Promise((done) => {
			const d = domain.create();
			d.on('error', (error) => {
				console.log(error.message, error.domainThrown === undefined ? '' : error.domainThrown, error.domainEmitter ? error.domainEmitter.domain === d : '');
				setImmediate(done);
			});
			d.run(work);
		});
		console.log = ((log) => (...args) => log(args.filter((one) => one !== '').join(' ')))(console.log);
		(async () => {
			await within(() => setTimeout(() => { throw new Error('thrown'); }, 1));
			await within(() => { const e = new EventEmitter(); setTimeout(() => e.emit('error', new Error('emitted')), 1); });
			await within(() => process.nextTick(() => { throw new Error('tick'); }));
			await within(() => Promise.resolve().then(() => process.nextTick(() => { throw new Error('reaction'); })));
			await within(() => setTimeout(() => setTimeout(() => { throw new Error('timer'); }, 1), 1));
			await within(() => setImmediate(() => { throw new Error('immediate'); }));
			await within(() => require('fs').stat('/', () => { throw new Error('file'); }));
			setTimeout(() => console.log('none', String(process.domain)), 1);
		})();`))
}

func TestTheEnclosingDomainGetsUnhandledErrors(t *testing.T) {
	require.Equal(t, []string{"outer boom 1", "outer again 1", "0"}, printed(t, `
		const domain = require('domain');
		const outer = domain.create(), deaf = domain.create(), bad = domain.create();
		outer.on('error', (error) => console.log('outer', error.message, error.domain === outer ? 1 : 0));
		bad.on('error', () => { throw new Error('again'); });
		outer.run(() => process.nextTick(() => deaf.run(() => { throw new Error('boom'); })));
		setTimeout(() => outer.run(() => bad.run(() => { throw new Error('first'); })), 1);
		process.on('exit', () => console.log(domain._stack.length));`))
}

func TestWithoutAListenerAnExceptionInADomainIsAsAnother(t *testing.T) {
	r := runProgram(t, "require('domain').create().run(() => { throw new Error('boom'); })")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "Error: boom")
	r = runProgram(t, "const d = require('domain').create(); d.on('error', () => { throw new Error('second'); }); d.run(() => { throw new Error('first'); })")
	require.Equal(t, 7, r.code)
	require.Contains(t, r.stderr, "Error: second")
	requireExamples(t, "const domain = require('domain'); const d = domain.create();", []example{
		{`d.run((a, b) => [a, b, process.domain === d, domain._stack.length], 1, 2)`, `[1,2,true,1]`},
		{`[d.bind((x) => x * 2)(4), d.intercept((x) => x + 1)(null, 5)]`, `[8,6]`},
		{`process.setUncaughtExceptionCaptureCallback(() => {})`,
			"Error ERR_DOMAIN_CANNOT_SET_UNCAUGHT_EXCEPTION_CAPTURE: The `domain` module is in use, " +
				"which is mutually exclusive with calling process.setUncaughtExceptionCaptureCallback()"},
	})
}
