package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlobsHoldBytes(t *testing.T) {
	require.Equal(t, `["héllo!",7,"text/x","él","YWI",[97,98],"f.txt",5,"ab",true,"ERR_INVALID_THIS"]`, runScript(t, `
		const { Blob, File, resolveObjectURL } = require('buffer');
		(async () => {
			const blob = new Blob(['h', new Uint8Array([0xc3, 0xa9]), new Blob(['llo']), '!'], { type: 'TEXT/x' });
			const file = new File(['ab'], 'f.txt', { lastModified: 5 });
			const url = URL.createObjectURL(file);
			const found = await resolveObjectURL(url).text();
			URL.revokeObjectURL(url);
			let code;
			try {
				Object.getOwnPropertyDescriptor(Blob.prototype, 'size').get.call({});
			} catch (error) {
				({ code } = error);
			}
			result = JSON.stringify([
				await blob.text(), blob.size, blob.type, await blob.slice(1, 4).text(), Buffer.from(await file.arrayBuffer()).toString('base64url'),
				Array.from(await file.bytes()), file.name, file.lastModified, found, resolveObjectURL(url) === undefined, code,
			]);
		})();
	`))
}

// A pool that a script has transferred is not used any more.
func TestBuffersLiveWithoutTheirPool(t *testing.T) {
	require.Equal(t, "TypeError abc 8", runScript(t, `
		const taken = Buffer.from('x');
		try {
			taken.buffer.transfer();
		} catch (error) {
			result = error.name;
		}
		ArrayBuffer.prototype.transfer.call(taken.buffer);
		result += ' ' + Buffer.from('abc').toString() + ' ' + Buffer.allocUnsafe(8).length;
	`))
}

// Getters of a DataView run while Go gets its bytes. Go must not hold the bytes of another buffer
// then.
func TestBytesAreNotHeldWhileAScriptRuns(t *testing.T) {
	require.Equal(t, "done", runScript(t, `
		const buffer = new ArrayBuffer(1 << 16, { maxByteLength: 1 << 17 });
		const bytes = Buffer.from(buffer);
		const view = new DataView(new ArrayBuffer(8));
		Object.defineProperty(view, 'buffer', { get() { buffer.resize(0); return new ArrayBuffer(8); } });
		for (const use of [() => bytes.copy(view), () => bytes.fill(view), () => bytes.equals(view), () => bytes.indexOf(view)]) {
			try {
				use();
			} catch {
				// Any error is allowed.
			}
			buffer.resize(1 << 16);
		}
		const list = new Proxy([Buffer.from('a'), Buffer.from('b')], { get(target, key) {
			if (key === '1') ArrayBuffer.prototype.transfer.call(Buffer.from('x').buffer);
			return target[key];
		} });
		try {
			Buffer.concat(list);
		} catch {
			// The pool was transferred.
		}
		result = 'done';
	`))
}
