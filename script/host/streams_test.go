package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAReadableEndsAndCloses(t *testing.T) {
	require.Equal(t, []string{"data a", "data b", "end", "close", "true false"}, printed(t, `
		const { Readable } = require('stream');
		const chunks = ['a', 'b', null];
		const r = new Readable({ encoding: 'utf8', read() { this.push(chunks.shift()); } });
		r.on('data', (chunk) => console.log('data ' + chunk));
		r.on('end', () => console.log('end'));
		r.on('close', () => { console.log('close'); console.log(r.destroyed + ' ' + r.readable); });`))
}

func TestPausedReadingReturnsTheRequestedBytes(t *testing.T) {
	require.Equal(t, []string{"null", "abc", "defg", "hi", "null", "end"}, printed(t, `
		const { Readable } = require('stream');
		const r = new Readable({ read() {} });
		r.push('ab'); r.push('cdefg');
		const say = (chunk) => console.log(String(chunk));
		say(r.read(9));
		say(r.read(3)); say(r.read());
		r.on('end', () => console.log('end'));
		r.push('hi'); r.push(null);
		say(r.read(9)); say(r.read());`))
}

func TestUnshiftPutsBackInFront(t *testing.T) {
	require.Equal(t, []string{"b", "ab"}, printed(t, `
		const { Readable } = require('stream');
		const r = new Readable({ read() {} });
		r.push('xb');
		r.read(1);
		console.log(String(r.read()));
		r.push('b'); r.unshift('a'); r.push(null);
		console.log(String(r.read()));`))
}

func TestAWritableSaysWhenToWait(t *testing.T) {
	require.Equal(t, []string{"true", "false", "wrote 3", "callback", "wrote 3", "drain", "prefinish", "ended", "finish", "close"}, printed(t, `
		const { Writable } = require('stream');
		const w = new Writable({ highWaterMark: 6, write(chunk, encoding, done) { setImmediate(() => { console.log('wrote ' + chunk.length); done(); }); } });
		for (const event of ['drain', 'prefinish', 'finish', 'close']) w.on(event, () => console.log(event));
		console.log(String(w.write('abc', () => console.log('callback'))));
		console.log(String(w.write('def')));
		w.on('drain', () => w.end(() => console.log('ended')));`))
}

func TestCorkedWritesGoOutTogether(t *testing.T) {
	require.Equal(t, []string{"2 abcd", "1", "2", "finish"}, printed(t, `
		const { Writable } = require('stream');
		const w = new Writable({ writev(chunks, done) { console.log(chunks.length + ' ' + chunks.map(({ chunk }) => chunk).join('')); done(); } });
		w.cork();
		w.write('ab', () => console.log('1')); w.write('cd', () => console.log('2'));
		w.end(() => console.log('finish'));`))
}

func TestErrorsOfAWritable(t *testing.T) {
	require.Equal(t, []string{"callback no", "waiting no", "end no", "error no", "close", "late ERR_STREAM_WRITE_AFTER_END"}, printed(t, `
		const { Writable } = require('stream');
		const w = new Writable({ write(chunk, encoding, done) { setImmediate(done, new Error('no')); } });
		w.on('error', (e) => console.log('error ' + e.message));
		w.on('close', () => { console.log('close'); w.write('z', (e) => console.log('late ' + e.code)); });
		w.write('a', (e) => console.log('callback ' + e.message));
		w.write('b', (e) => console.log('waiting ' + e.message));
		w.end((e) => console.log('end ' + e.message));`))
}

func TestMisuseOfStreams(t *testing.T) {
	require.Equal(t, []string{
		"ERR_STREAM_NULL_VALUES", "ERR_INVALID_ARG_TYPE", "ERR_UNKNOWN_ENCODING", "ERR_INVALID_ARG_VALUE",
		"ERR_STREAM_WRITE_AFTER_END",
		"ERR_STREAM_PUSH_AFTER_EOF", "ERR_METHOD_NOT_IMPLEMENTED", "ERR_MULTIPLE_CALLBACK",
	}, printed(t, `
		const { Readable, Writable } = require('stream');
		const code = (fn) => { try { fn(); } catch (e) { console.log(e.code); } };
		const later = (stream) => stream.on('error', (e) => console.log(e.code));
		const w = () => new Writable({ write(chunk, encoding, done) { done(); } });
		code(() => w().write(null)); code(() => w().write(1)); code(() => w().write('a', 'bogus')); code(() => new Writable({ highWaterMark: -1 }));
		const ended = later(w()); ended.end(); ended.write('a');
		const r = later(new Readable({ read() {} })); r.push(null); r.push('a');
		later(new Readable()).read();
		const twice = later(new Writable({ write(chunk, encoding, done) { done(); done(); } })); twice.write('a');`))
}

func TestPipeWaitsForTheSlowestAndUnpipeLetsGo(t *testing.T) {
	require.Equal(t, []string{"slow paused", "unpiped fast abc", "slow abc", "fast ended false"}, printed(t, `
		const { PassThrough, Readable, Writable } = require('stream');
		const got = { fast: '', slow: '' };
		const src = new Readable({ read() {} });
		const fast = new Writable({ write(c, e, done) { got.fast += c; done(); } });
		let release;
		const slow = new Writable({ highWaterMark: 1, write(c, e, done) { got.slow += c; release = done; } });
		src.pipe(fast); src.pipe(slow);
		fast.on('unpipe', () => console.log('unpiped fast ' + got.fast));
		src.push('a');
		setImmediate(() => {
			if (src.isPaused()) console.log('slow paused');
			src.push('bc');
			release();
			setImmediate(() => {
				src.unpipe(fast);
				src.push(null);
				release();
				slow.on('finish', () => { console.log('slow ' + got.slow); console.log('fast ended ' + fast.writableEnded); });
			});
		});`))
}

func TestATransformFlushes(t *testing.T) {
	require.Equal(t, []string{"A", "B", "rest"}, printed(t, `
		const { Transform } = require('stream');
		const upper = new Transform({ transform(chunk, encoding, done) { done(null, String(chunk).toUpperCase()); }, flush(done) { done(null, 'rest'); } });
		upper.on('data', (chunk) => console.log(String(chunk)));
		upper.write('a'); upper.end('b');`))
}

func TestPipelineRefusesAStreamThatIsClosed(t *testing.T) {
	require.Equal(t, []string{"thrown ERR_STREAM_UNABLE_TO_PIPE", "called ERR_STREAM_PREMATURE_CLOSE", "rejected ERR_STREAM_UNABLE_TO_PIPE"}, printed(t, `
		const { Readable, Writable, pipeline, promises } = require('stream');
		const closed = () => new Writable({ write(chunk, encoding, done) { done(); } }).destroy();
		try {
			pipeline(Readable.from(['a']), closed(), () => console.log('called'));
		} catch ({ code }) {
			console.log('thrown', code);
		}
		pipeline(['a'], closed(), ({ code }) => {
			console.log('called', code);
			promises.pipeline(Readable.from(['a']), closed()).catch(({ code }) => console.log('rejected', code));
		});`))
}

func TestPipelineDestroysAllWhenOneFails(t *testing.T) {
	require.Equal(t, []string{"failed no", "true true true", "value 3", "aborted ABORT_ERR"}, printed(t, `
		const { pipeline, PassThrough, Readable, Transform } = require('stream');
		const a = new Readable({ highWaterMark: 4, read() { this.push('x'); } }), c = new PassThrough();
		const b = new Transform({ transform(chunk, encoding, done) { done(new Error('no')); } });
		pipeline(a, b, c, (error) => {
			console.log('failed ' + error.message);
			console.log([a, b, c].map((s) => s.destroyed).join(' '));
			const { pipeline: promised } = require('stream/promises');
			promised(['a', 'b', 'c'], async function (source) { let n = 0; for await (const _ of source) n++; return n; })
				.then((value) => console.log('value ' + value))
				.then(() => promised(new PassThrough(), new PassThrough(), { signal: AbortSignal.abort() }))
				.catch((e) => console.log('aborted ' + e.code));
		});`))
}

func TestFinishedTellsHowAStreamEnded(t *testing.T) {
	require.Equal(t, []string{"undefined", "ERR_STREAM_PREMATURE_CLOSE", "no"}, printed(t, `
		const { finished, Readable, Writable } = require('stream');
		const say = (error) => console.log(String(error && (error.code || error.message)));
		const well = Readable.from(['a']); well.resume();
		finished(well, (e) => { say(e);
			const closed = new Writable({ write() {} }); closed.destroy();
			finished(closed, (e) => { say(e);
				const failed = new Readable({ read() {} }); failed.destroy(new Error('no'));
				finished(failed, say);
			});
		});`))
}

func TestStreamsAreIteratedOverAndDestroyedAfterwards(t *testing.T) {
	require.Equal(t, []string{"1", "2", "closed", "true", "failed no"}, printed(t, `
		const { Readable } = require('stream');
		(async () => {
			const r = Readable.from((function* () { try { yield 1; yield 2; yield 3; } finally { console.log('closed'); } })());
			for await (const n of r) { console.log(String(n)); if (n === 2) break; }
			console.log(String(r.destroyed));
			await new Promise(setImmediate);
			try { for await (const _ of new Readable({ read() { this.destroy(new Error('no')); } })); } catch (e) { console.log('failed ' + e.message); }
		})();`))
}

func TestOperators(t *testing.T) {
	require.Equal(t, []string{"2,4,6,8", "2,4", "1,1,2,2", "3", "10", "true false", "3", "most at once 2", "ERR_OUT_OF_RANGE"}, printed(t, `
		const { Readable } = require('stream');
		const of = (...all) => Readable.from(all);
		(async () => {
			console.log(String(await of(1, 2, 3, 4).map((n) => n * 2).toArray()));
			console.log(String(await of(1, 2, 3, 4, 5).filter((n) => n % 2 === 0).take(2).toArray()));
			console.log(String(await of(1, 2).flatMap((n) => [n, n]).toArray()));
			console.log(String(await of(1, 2, 3).drop(2).toArray()));
			console.log(String(await of(1, 2, 3, 4).reduce((a, b) => a + b)));
			console.log(await of(1, 2).some((n) => n === 2) + ' ' + await of(1, 2).every((n) => n === 2));
			console.log(String(await of(1, 2, 3).find((n) => n > 2)));
			let running = 0, most = 0;
			await of(1, 2, 3, 4).forEach(async () => { most = Math.max(most, ++running); await new Promise(setImmediate); running--; }, { concurrency: 2 });
			console.log('most at once ' + most);
			try { of(1).take(-1); } catch (e) { console.log(e.code); }
		})();`))
}

func TestComposeAndDuplexOfOthers(t *testing.T) {
	require.Equal(t, []string{"<A>", "pair hello", "from 2,3"}, printed(t, `
		const { compose, duplexPair, Duplex, Transform } = require('stream');
		const each = (fn) => new Transform({ objectMode: true, transform(chunk, encoding, done) { done(null, fn(String(chunk))); } });
		(async () => {
			const both = compose(each((s) => s.toUpperCase()), each((s) => '<' + s + '>'));
			both.end('a');
			for await (const chunk of both) console.log(String(chunk));
			const [one, other] = duplexPair();
			one.end('hello');
			for await (const chunk of other) console.log('pair ' + chunk);
			const plus = Duplex.from(async function* (source) { for await (const n of source) yield n + 1; });
			plus.write(1); plus.end(2);
			console.log('from ' + await plus.toArray());
		})();`))
}

func TestASignalDestroysAStream(t *testing.T) {
	require.Equal(t, []string{"AbortError boom"}, printed(t, `
		const { Readable } = require('stream');
		const c = new AbortController();
		new Readable({ read() {}, signal: c.signal }).on('error', (e) => console.log(e.name + ' ' + e.cause));
		c.abort('boom');`))
}

func TestConstructComesFirst(t *testing.T) {
	require.Equal(t, []string{"constructed", "wrote a", "destroyed"}, printed(t, `
		const { Writable } = require('stream');
		const w = new Writable({
			construct(done) { setImmediate(() => { console.log('constructed'); done(); }); },
			write(chunk, encoding, done) { console.log('wrote ' + chunk); done(); },
			destroy(error, done) { console.log('destroyed'); done(error); },
		});
		w.end('a');`))
}

func TestConsumers(t *testing.T) {
	require.Equal(t, []string{"abc", "6162"}, printed(t, `
		const { Readable } = require('stream');
		const { buffer } = require('stream/consumers');
		(async () => {
			console.log(Buffer.isBuffer(await buffer(Readable.from(['ab']))) ? String(await buffer(Readable.from([Buffer.from('a'), 'bc']))) : '');
			console.log([...await buffer(Readable.from(['ab']))].map((n) => n.toString(16)).join(''));
		})();`))
}
