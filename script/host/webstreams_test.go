package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStreamsOfTheWebArePipedThroughTransforms(t *testing.T) {
	require.Equal(t, []string{"X1,X2,X3,!,closed", "1,2,3 1,2,3"}, printed(t, `
		(async () => {
			const upper = new TransformStream({ transform(chunk, c) { c.enqueue(chunk.toUpperCase()); }, flush(c) { c.enqueue('!'); } });
			let n = 0;
			const source = new ReadableStream({ pull(c) { if (++n > 3) c.close(); else c.enqueue('x' + n); } });
			const got = [];
			await source.pipeThrough(upper).pipeTo(new WritableStream({ write(chunk) { got.push(chunk); }, close() { got.push('closed'); } }));
			console.log(got.join());
			const all = async (stream) => { const chunks = []; for await (const chunk of stream) chunks.push(chunk); return chunks.join(); };
			const [a, b] = ReadableStream.from([1, 2, 3]).tee();
			console.log((await Promise.all([all(a), all(b)])).join(' '));
		})();`))
}

func TestAPipeOfTheWebEndsBothSides(t *testing.T) {
	require.Equal(t, []string{"abort bad", "caught bad", "cancel no", "caught no", "caught AbortError"}, printed(t, `
		(async () => {
			const caught = (e) => console.log('caught ' + e.message);
			await new ReadableStream({ start(c) { c.error(new Error('bad')); } })
				.pipeTo(new WritableStream({ abort(reason) { console.log('abort ' + reason.message); } })).catch(caught);
			await new ReadableStream({ pull(c) { c.enqueue(1); }, cancel(reason) { console.log('cancel ' + reason.message); } })
				.pipeTo(new WritableStream({ write() { throw new Error('no'); } })).catch(caught);
			const signal = AbortSignal.abort();
			await new ReadableStream().pipeTo(new WritableStream(), { signal }).catch((e) => console.log('caught ' + e.name));
		})();`))
}

func TestAWriterWaitsForTheSink(t *testing.T) {
	require.Equal(t, []string{"1 true", "0 false", "wrote a", "1 true", "closed"}, printed(t, `
		(async () => {
			let release;
			const stream = new WritableStream({ write: (chunk) => new Promise((resolve) => { release = () => { console.log('wrote ' + chunk); resolve(); }; }) });
			const writer = stream.getWriter();
			const isReady = () => Promise.race([writer.ready.then(() => true), Promise.resolve().then(() => {}).then(() => false)]);
			await new Promise(setImmediate);
			console.log(writer.desiredSize + ' ' + await isReady());
			const written = writer.write('a');
			console.log(writer.desiredSize + ' ' + await isReady());
			release();
			await written;
			console.log(writer.desiredSize + ' ' + await isReady());
			await writer.close();
			await writer.closed;
			console.log('closed');
		})();`))
}

func TestBytesAreReadIntoTheReadersOwn(t *testing.T) {
	require.Equal(t, []string{"1,2 false", "3,4,5 false", " true"}, printed(t, `
		(async () => {
			const reader = new ReadableStream({
				type: 'bytes',
				start(c) { c.enqueue(new Uint8Array([1, 2, 3])); c.enqueue(new Uint8Array([4, 5])); c.close(); },
			}).getReader({ mode: 'byob' });
			for (const size of [2, 9, 9]) {
				const { value, done } = await reader.read(new Uint8Array(size));
				console.log(value.join() + ' ' + done);
			}
		})();`))
}

func TestStreamsOfTheWebAndOfNodeAreMadeOfEachOther(t *testing.T) {
	require.Equal(t, []string{"q,w", "wrote 1", "b"}, printed(t, `
		const { Duplex, PassThrough, Readable, Writable } = require('stream');
		(async () => {
			console.log(String(await Readable.fromWeb(Readable.toWeb(Readable.from(['q', 'w']))).toArray()));
			const writer = Writable.toWeb(new Writable({ write(chunk, encoding, done) { console.log('wrote ' + chunk); done(); } })).getWriter();
			await writer.write('1');
			await writer.close();
			const both = Duplex.fromWeb(Duplex.toWeb(new PassThrough({ objectMode: true })), { objectMode: true });
			both.end('b');
			console.log(String(await both.toArray()));
		})();`))
}
