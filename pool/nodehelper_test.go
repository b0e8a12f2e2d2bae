package pool_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/pool"
)

// startNode starts a worker in Node with the helper beside it, and waits until it is ready.
func startNode(t *testing.T, script string, more ...childprocess.Stdio) *scriptedParent {
	t.Helper()
	p := startScript(t, "worker.js", "const { serve } = require('./brood-worker.cjs');\n"+script, more...)
	require.Contains(t, p.next(), `{"ready":{"version":1,`)
	return p
}

func startScript(t *testing.T, name, script string, more ...childprocess.Stdio) *scriptedParent {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, pool.WriteNodeHelper(filepath.Join(dir, "brood-worker.cjs")))
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
	o := &childprocess.ForkOptions{ExecPath: looptest.NodePath(t)}
	o.Env = append(os.Environ(), "BROOD_POOL_WORKER=1", fmt.Sprintf("BROOD_POOL_ATTACH_FD=%d", 4*len(more)))
	return startWorker(t, path, nil, o, more...)
}

//brood:checks W081
func TestTheHelperHas60Lines(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(pool.NodeHelper(), "\n"), "\n")
	require.LessOrEqual(t, len(lines), 60)
	for i, line := range lines {
		require.LessOrEqual(t, len([]rune(line)), 145, "line %d", i+1)
	}
}

//brood:checks W081
func TestANodeWorkerNeedsNoHelper(t *testing.T) {
	p := startScript(t, "worker.js",
		`process.on('message', async ({ id, method, job }) => process.send({ id, result: [method, await job] }));`)
	p.send(`{"id":1,"method":"a","job":{"x":1}}`, `{"id":2,"job":"ä"}`)
	p.expect(`{"id":1,"result":["a",{"x":1}]}`, `{"id":2,"result":[null,"ä"]}`)
	p.disconnect()
}

//brood:checks W081
func TestTheHelperIsAsyncAndBoundsWhatRuns(t *testing.T) {
	p := startNode(t, `
		const gates = {};
		serve({
			wait: (name, { progress }) => { progress('begun'); return new Promise((go) => { gates[name] = () => go(name); }); },
			open: async (name) => gates[name](),
		}, { concurrency: 2 });`)
	p.send(`{"id":1,"method":"wait","job":"a"}`, `{"id":2,"method":"wait","job":"b"}`, `{"id":3,"method":"open","job":"a"}`)
	p.expect(`{"id":1,"progress":"begun"}`, `{"id":2,"progress":"begun"}`)
	p.send(`{"id":2,"cancel":"no use"}`, `{"id":4,"method":"open","job":"b"}`, `{"id":3,"cancel":"enough"}`, `{"ping":3}`)
	var m struct {
		ID    int
		Error struct{ Message, Name, Code string }
	}
	require.NoError(t, json.Unmarshal([]byte(p.next()), &m))
	require.Equal(t, 3, m.ID)
	require.Equal(t, [3]string{"enough", "AbortError", "ERR_CANCELLED"}, [3]string{m.Error.Message, m.Error.Name, m.Error.Code})
	p.expect(`{"pong":3}`)
	p.kill(syscall.SIGKILL)
	p.until("its end", func() bool { return p.status != nil })
}

//brood:checks W081
func TestArgumentsAndResultsOfAHandler(t *testing.T) {
	p := startNode(t, `
		serve({
			about: (job, { id, method, attempt }) => [job, id, method, attempt],
			nothing: () => {},
			bigint: () => 1n,
			cycle: () => { const o = {}; o.o = o; return o; },
			throw: (what) => { throw { text: 'a text', number: 5, error: new RangeError('too far'), nothing: undefined }[what]; },
			reject: async () => { throw Object.assign(new Error('no'), { code: 'ENO' }); },
			hostile: () => { throw { message: 'm', code: 1n }; },
			unspeakable: () => { throw Object.create(null); },
			poison: () => ({ toJSON() { throw { message: 'm', name: 1n }; } }),
			progress: (_, { progress }) => progress(1n),
		});`)
	p.send(`{"id":1,"method":"about","job":{"a":[1]},"attempt":3}`, `{"id":2,"method":"about"}`, `{"id":3,"method":"nothing","job":1}`)
	p.expect(`{"id":1,"result":[{"a":[1]},1,"about",3]}`, `{"id":2,"result":[null,2,"about",1]}`, `{"id":3,"result":null}`)
	for _, c := range []struct{ method, want, code string }{
		{`"bigint"`, "Do not know how to serialize a BigInt", "ERR_RESULT"},
		{`"cycle"`, "Converting circular structure", "ERR_RESULT"},
		{`"hostile"`, "m", "1"},
		{`"unspeakable"`, "unknown", ""},
		{`"poison"`, "m", "ERR_RESULT"},
		{`"progress"`, "Do not know how to serialize a BigInt", ""},
		{`"reject"`, "no", "ENO"},
		{`"throw","job":"text"`, "a text", ""},
		{`"throw","job":"number"`, "5", ""},
		{`"throw","job":"nothing"`, "undefined", ""},
		{`"throw","job":"error"`, "too far", ""},
		{`"none"`, `no method "none"`, "ERR_METHOD"},
		{`"constructor"`, `no method "constructor"`, "ERR_METHOD"},
		{`null`, `no method ""`, "ERR_METHOD"},
	} {
		p.send(`{"id":9,"method":` + c.method + `}`)
		var m struct {
			ID    int
			Error struct{ Message, Name, Stack, Code string }
		}
		require.NoError(t, json.Unmarshal([]byte(p.next()), &m))
		require.Equal(t, 9, m.ID)
		require.Contains(t, m.Error.Message, c.want)
		require.Equal(t, c.code, m.Error.Code, c.method)
		if c.want == "too far" {
			require.Equal(t, "RangeError", m.Error.Name)
			require.Contains(t, m.Error.Stack, "worker.js")
		}
	}
	for _, message := range []string{`null`, `5`, `"x"`, `{}`, `[]`, `{"id":0,"method":"about"}`, `{"id":77,"cancel":"x"}`, `{"id":77,"credit":5}`} {
		p.send(message)
	}
	p.send(`{"id":10,"method":"nothing"}`)
	p.expect(`{"id":10,"result":null}`)
	p.disconnect()
	require.Empty(t, p.stderr.String())
}

//brood:checks W081
func TestTheHelperWorksInAnESModule(t *testing.T) {
	p := startScript(t, "worker.mjs", `
		import { serve } from './brood-worker.cjs';
		serve({ '': (job, { method }) => [method, job] }, { concurrency: 3 });`)
	p.expect(`{"ready":{"version":1,"concurrency":3,"accepts":["cancel","recall","credit","ping"]}}`)
	p.send(`{"id":1,"method":"any","job":1}`)
	p.expect(`{"id":1,"result":["any",1]}`)
	p.disconnect()
}

//brood:checks W081
func TestCancelAbortsTheSignal(t *testing.T) {
	p := startNode(t, `
		serve({ wait: (_, { signal, progress }) => new Promise((_go, fail) => {
			progress('begun'); signal.addEventListener('abort', () => fail(signal.reason)); }) });`)
	p.send(`{"id":1,"method":"wait"}`)
	p.expect(`{"id":1,"progress":"begun"}`)
	p.send(`{"id":1,"cancel":"too slow"}`)
	require.Contains(t, p.next(), `{"id":1,"error":{"message":"too slow","name":"AbortError"`)
	p.disconnect()
}

//brood:checks W070
func TestNodeWritesWithinTheCredit(t *testing.T) {
	p := startNode(t, `
		serve({
			write: async (n, { write }) => { for (let i = 0; i < n; i += 20000) await write('x'.repeat(20000)); return 'done'; },
			other: () => 'other',
		}, { concurrency: 2 });`)
	p.send(`{"id":1,"method":"write","job":2000000}`)
	got, allowed := 0, 1<<20
	for {
		message := p.next()
		data, ok := chunkOf(t, message)
		if !ok {
			require.JSONEq(t, `{"id":1,"result":"done"}`, message)
			break
		}
		require.Equal(t, strings.Repeat("x", len(data)), string(data))
		got += len(data)
		require.LessOrEqual(t, got, allowed)
		if got == allowed {
			p.send(`{"id":2,"method":"other"}`)
			p.expect(`{"id":2,"result":"other"}`)
			p.send(`{"id":1,"credit":700000}`)
			allowed += 700_000
		}
	}
	require.Equal(t, 2_000_000, got)
	p.send(`{"id":3,"method":"write","job":2000000}`)
	for got = 0; got < 1<<20; {
		m := p.next()
		data, ok := chunkOf(t, strings.Replace(m, `"id":3`, `"id":1`, 1))
		require.True(t, ok)
		got += len(data)
	}
	p.send(`{"id":3,"cancel":"enough"}`)
	require.Contains(t, p.next(), `{"id":3,"error":{"message":"enough"`)
	p.disconnect()
}

// A handler may write without waiting for its writes.
//
//brood:checks W070
func TestNodeWritesInOrderAndWholeWithoutWaiting(t *testing.T) {
	p := startNode(t, `
		serve({
			flood: (_, { write }) => { for (let i = 0; i < 30; i++) write(String.fromCharCode(65 + i).repeat(70000)); return 'done'; },
			other: () => 'other',
		});`)
	p.send(`{"id":1,"method":"flood"}`)
	var got []byte
	for credit := 1 << 20; ; {
		message := p.next()
		data, ok := chunkOf(t, message)
		if !ok {
			require.JSONEq(t, `{"id":1,"result":"done"}`, message, "behind all chunks")
			break
		}
		if got = append(got, data...); len(got) == credit {
			credit += 600_000
			p.send(`{"id":1,"credit":600000}`)
		}
	}
	var want []byte
	for i := range 30 {
		want = append(want, bytes.Repeat([]byte{byte('A' + i)}, 70_000)...)
	}
	require.True(t, bytes.Equal(want, got), "%d bytes came", len(got))
	p.send(`{"id":2,"method":"flood"}`) // A cancel rejects no promise that has no handler.
	for got := 0; got < 1<<20; {
		data, ok := chunkOf(t, strings.Replace(p.next(), `"id":2`, `"id":1`, 1))
		require.True(t, ok)
		got += len(data)
	}
	p.send(`{"id":2,"cancel":"enough"}`, `{"id":3,"method":"other"}`)
	require.Contains(t, p.next(), `{"id":2,"error":{"message":"enough"`)
	p.expect(`{"id":3,"result":"other"}`)
	p.disconnect()
	require.Empty(t, p.stderr.String())
}

//brood:checks W081
func TestAConcurrencyOfZeroIsOne(t *testing.T) {
	p := startScript(t, "worker.js", `require('./brood-worker.cjs').serve({ '': (job) => job }, { concurrency: 0 });`)
	require.Contains(t, p.next(), `"concurrency":0`)
	p.send(`{"id":1,"job":1}`, `{"id":2,"job":2}`)
	p.expect(`{"id":1,"result":1}`, `{"id":2,"result":2}`)
	p.disconnect()
}

// The length of an attachment is its bytes, whatever its type. A worker that announces another
// length is replaced.
//
//brood:checks W072
func TestNodeAttachesBytesOfAllTypes(t *testing.T) {
	p := startNode(t, `
		serve({ '': (what, { reply }) => reply(what, {
			text: 'ä€', array: [1, 2, 3], words: new Uint16Array([0x0102, 0x0304]), part: new Uint8Array([1, 2, 3, 4]).subarray(1, 3),
			buffer: new Uint8Array([7, 8]).buffer, nothing: undefined, null: null, empty: '', number: 5, object: { a: 1 },
		}[what]) });`, childprocess.Pipe)
	var back []byte
	p.child.Stdio[4].Readable.OnData(func(chunk []byte) { back = append(back, chunk...) })
	id := 0
	for _, c := range []struct{ what, want string }{
		{"text", "ä€"}, {"array", "\x01\x02\x03"}, {"words", "\x02\x01\x04\x03"}, {"part", "\x02\x03"}, {"buffer", "\x07\x08"},
		{"nothing", ""}, {"null", ""}, {"empty", ""},
	} {
		id++
		p.send(fmt.Sprintf(`{"id":%d,"job":"%s"}`, id, c.what))
		if c.want == "" {
			p.expect(fmt.Sprintf(`{"id":%d,"result":"%s"}`, id, c.what))
			continue
		}
		p.expect(fmt.Sprintf(`{"id":%d,"result":"%s","attach":%d}`, id, c.what, len(c.want)))
		p.until("the attachment", func() bool { return len(back) >= 4+len(c.want) })
		require.Equal(t, string(binary.BigEndian.AppendUint32(nil, uint32(len(c.want))))+c.want, string(back), c.what)
		back = nil
	}
	for _, what := range []string{"number", "object"} {
		id++
		p.send(fmt.Sprintf(`{"id":%d,"job":"%s"}`, id, what))
		require.Contains(t, p.next(), fmt.Sprintf(`{"id":%d,"error":{`, id))
	}
	p.disconnect()
	require.Empty(t, back)
}

//brood:checks W086
func TestANodeWorkerExitsInOrder(t *testing.T) {
	const script = `
		serve({ wait: (_, { signal, progress }) => new Promise((go) => { progress('begun'); signal.addEventListener('abort', () => go('aborted')); }),
			next: () => 'never begun' },
			{ grace: 50, teardown: async () => { await null; console.error('teardown'); } });
		`
	t.Run("disconnect", func(t *testing.T) {
		p := startNode(t, script)
		p.send(`{"id":1,"method":"wait"}`, `{"id":2,"method":"next"}`)
		p.expect(`{"id":1,"progress":"begun"}`)
		p.kill(syscall.SIGINT)
		p.disconnect()
		require.Equal(t, "teardown\n", p.stderr.String())
	})
	t.Run("SIGTERM", func(t *testing.T) {
		p := startNode(t, script)
		p.send(`{"id":1,"method":"wait"}`, `{"id":2,"method":"next"}`)
		p.expect(`{"id":1,"progress":"begun"}`)
		p.kill(syscall.SIGTERM)
		p.expect(`{"retire":true}`, `{"id":1,"result":"aborted"}`, `{"retire":true}`)
		p.expectExit(0)
		require.Equal(t, "teardown\n", p.stderr.String())
	})
	t.Run("idle", func(t *testing.T) {
		p := startNode(t, script)
		p.kill(syscall.SIGINT)
		p.send(`{"ping":1}`)
		p.expect(`{"pong":1}`)
		p.disconnect()
		require.Equal(t, "teardown\n", p.stderr.String())
	})
}

//brood:checks W072
func TestNodeGetsAndSendsAttachmentsOverADescriptor(t *testing.T) {
	p := startNode(t, `
		serve({
			invert: async (_, { attach = Buffer.from('x'), reply }) => { for (let i = 0; i < attach.length; i++) attach[i] ^= 0xff; return reply(attach.length, attach); },
			plain: (job) => job,
			empty: (_, { reply }) => reply(1, Buffer.alloc(0)),
		}, { concurrency: 4 });`, childprocess.Pipe)
	side := p.child.Stdio[4]
	var back []byte
	side.Readable.OnData(func(chunk []byte) { back = append(back, chunk...) })
	frame := func(data []byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
	}
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * 7)
	}
	p.send(`{"id":1,"method":"invert","attach":3145728}`, `{"id":2,"method":"plain","job":1}`, `{"id":3,"method":"invert","attach":2}`,
		`{"id":4,"method":"invert","attach":0}`, `{"id":5,"method":"empty"}`)
	// These do not wait for the attachments of other jobs.
	p.expectAll(`{"id":2,"result":1}`, `{"id":4,"result":1,"attach":1}`, `{"id":5,"result":1}`)
	_, err := side.Writable.Write(frame(data))
	require.NoError(t, err)
	_, err = side.Writable.Write(frame([]byte("hi")))
	require.NoError(t, err)
	p.expect(`{"id":1,"result":3145728,"attach":3145728}`, `{"id":3,"result":2,"attach":2}`)
	for i := range data {
		data[i] ^= 0xff
	}
	want := slices.Concat(frame([]byte{^byte('x')}), frame(data), frame([]byte{^byte('h'), ^byte('i')}))
	p.until("the attachments", func() bool { return len(back) >= len(want) })
	require.True(t, string(want) == string(back))
	p.disconnect()
}

//brood:checks W072
func TestWithoutADescriptorANodeWorkersAttachmentIsAJobError(t *testing.T) {
	p := startNode(t, `serve({ x: (_, { reply, attach }) => reply(attach === undefined, Buffer.from('x')) });`)
	p.send(`{"id":1,"method":"x","attach":5}`)
	require.Contains(t, p.next(), `{"id":1,"error":{"message":"the parent takes no attachments"`)
	p.disconnect()
}

func TestWriteNodeHelperReplacesOrLeavesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.cjs")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.NoError(t, pool.WriteNodeHelper(path))
	first, err := os.Stat(path)
	require.NoError(t, err)
	require.NoError(t, pool.WriteNodeHelper(path))
	second, err := os.Stat(path)
	require.NoError(t, err)
	require.True(t, os.SameFile(first, second))
	require.Equal(t, os.FileMode(0o644), second.Mode())
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.ErrorIs(t, pool.WriteNodeHelper(filepath.Join(path, "x")), syscall.ENOTDIR)
	require.ErrorIs(t, pool.WriteNodeHelper(filepath.Dir(path)), syscall.EEXIST)
}
