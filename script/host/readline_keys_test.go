package host_test

import "testing"

// keyboard is a terminal whose keys a test presses; shown is its output.
const keyboard = `
	const readline = require('readline');
	const EventEmitter = require('events');
	const open = (options = {}) => {
		const input = new EventEmitter();
		Object.assign(input, { columns: 80, shown: '', resume() {}, pause() {}, write(text) { input.shown += text; } });
		const rl = readline.createInterface({ input, output: input, terminal: true, prompt: '', ...options });
		rl.keys = (...keys) => {
			for (const key of keys) input.emit('data', key);
			return rl.line + '@' + rl.cursor;
		};
		rl.press = (name, more) => {
			input.emit('keypress', undefined, { name, ...more });
			return rl.line + '@' + rl.cursor;
		};
		return rl;
	};
	const [up, down, left] = ['\x1b[A', '\x1b[B', '\x1b[D'];
`

func TestKeysEditALineAsInNode(t *testing.T) {
	requireExamples(t, keyboard, []example{
		// The history, filtered by the beginning of the line.
		{"open({ history: ['three', 'two', 'one'] }).keys(up, up, down)", `"three@5"`},
		{"open({ history: ['three', 'two', 'one'] }).keys('t', up, up)", `"two@3"`},
		{"open({ history: ['three', 'two', 'one'] }).keys('t', up, up, up)", `"t@1"`},
		{"open({ history: ['bat', 'bar'] }).keys(up, down)", `"@0"`},
		// Cut text can be inserted again, and replaced by text that was cut before.
		{"open().keys('one two', '\\x15', 'x', '\\x19')", `"xone two@8"`},
		{"open().keys('one', '\\x15', 'two', '\\x15', '\\x19', '\\x1by')", `"one@3"`},
		{"open().keys('one', '\\x15', 'two', '\\x15', '\\x19', 'x', '\\x1by')", `"twox@4"`},
		{"(() => { const rl = open(); rl.keys('one two', left, left, left); return rl.press('delete', { ctrl: true, shift: true }); })()", `"one @4"`},
		{"(() => { const rl = open(); rl.keys('one two', left, left, left); return rl.press('backspace', { ctrl: true, shift: true }); })()", `"two@0"`},
		// Edits are undone one by one, and redone.
		{"open().keys('ab', '\\x1f')", `"a@1"`},
		{"open().keys('ab', '\\x1f', '\\x1f', '\\x1e')", `"a@1"`},
		{"open().keys('one two', '\\x17', '\\x1f')", `"one two@7"`},
		// Words.
		{"open().keys('one  two.. ', '\\x17')", `"one  two@8"`},
		{"(() => { const rl = open(); rl.line = 'x'.repeat(1e5); rl.cursor = 1e5; return rl.keys('\\x17'); })()", `"@0"`},
		{"(() => { const keys = []; const s = new (require('stream').PassThrough)(); readline.emitKeypressEvents(s); s.on('keypress', (_, key) => keys.push(key)); " +
			"s.emit('data', '\\x1b\\x1b\\x1b'); return keys; })()",
			`[{"sequence":"\u001b\u001b\u001b","name":"escape","ctrl":false,"meta":true,"shift":false}]`},
	})
}

func TestQuestionsAndLoopsOfLinesAreAsInNode(t *testing.T) {
	requirePrinted(t, keyboard+`
		const { Readable } = require('stream');
		(async () => {
			const lines = [];
			const rl = readline.createInterface({ input: Readable.from(['one\r', '\ntwo\nthr', 'ee\n\u2028four']) });
			for await (const line of rl) {
				lines.push('outer ' + line);
				for await (const inner of rl) lines.push('inner ' + inner);
			}
			console.log(lines.join());

			const { Interface } = require('readline/promises');
			const input = new EventEmitter();
			Object.assign(input, { columns: 80, resume() {}, pause() {}, write() {} });
			const asking = new Interface({ input, output: input, terminal: true });
			const answer = asking.question('?').catch((e) => e.code + ' ' + e.message);
			input.emit('data', '\x03');
			console.log(await answer);

			const quiet = new Interface({ input: new Readable({ read() {} }) });
			let isSettled = false;
			quiet.question('?').finally(() => { isSettled = true; });
			quiet.close();
			setImmediate(() => console.log(isSettled));
		})();
		const rl = open({ completer: (line) => [['process.stdin', 'process.stdout'], line], columns: 0 });
		rl.input.columns = undefined;
		rl.keys('process.s', '\t');
		console.log(rl.line);
		rl.input.shown = '';
		rl.keys('\t', '\t');
		console.log(JSON.stringify(rl.input.shown.split('\x1b')[0]));`,
		"process.std", `"\r\nprocess.stdin\r\nprocess.stdout\r\n\r\n"`, "outer one,inner two,inner three,inner ,inner four",
		"ABORT_ERR Aborted with Ctrl+C", "false")
}
