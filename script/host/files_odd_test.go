package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// attempts is a function in JavaScript that prints the result of a call, or its error without the
// test's directory.
const attempts = `
	const short = (text) => String(text).replaceAll(fs.realpathSync(dir), 'DIR').replaceAll(dir, 'DIR');
	const attempt = (fn) => {
		try { console.log(short(fn())); } catch (e) { console.log(short([e.code, e.message].join(' '))); }
	};
`

func TestErrorsOfOddFilesAreNodes(t *testing.T) {
	require.Equal(t, []string{
		"ENOENT ENOENT: no such file or directory, open ''",
		"ENOENT ENOENT: no such file or directory, rename '' -> 'x'",
		"ENOENT ENOENT: no such file or directory, lstat 'DIR/none'",
		"ENOENT ENOENT: no such file or directory, realpath 'DIR/none'",
		"DIR/folder/deep",
		"DIR/folder/deep",
		"ELOOP ELOOP: too many symbolic links encountered, stat 'DIR/loop'",
		"ENOTDIR ENOTDIR: not a directory, scandir 'DIR/file'",
		"ENOTDIR ENOTDIR: not a directory, mkdir 'DIR/file/'",
		"ENOENT ENOENT: no such file or directory, mkdir 'DIR/dangling'",
		"undefined",
		"undefined",
		"ENOTDIR ENOTDIR: not a directory, lstat 'DIR/file/x'",
		"EBADF EBADF: bad file descriptor, futime",
		"EINVAL EINVAL: invalid argument, read",
		"true",
		"a\ufffd61efbfbd",
	}, inFolder(t, attempts+`
		const at = (name) => path.join(dir, name);
		fs.mkdirSync(at('folder/deep'), { recursive: true });
		fs.writeFileSync(at('file'), '');
		for (const [target, name] of [['loop', 'loop'], ['nowhere', 'dangling'], ['folder', 'link'], ['link/deep', 'far']]) fs.symlinkSync(target, at(name));
		attempt(() => fs.readFileSync(''));
		attempt(() => fs.renameSync('', 'x'));
		attempt(() => fs.realpathSync(at('none')));
		attempt(() => fs.realpathSync.native(at('none')));
		attempt(() => fs.realpathSync(at('far')));
		attempt(() => fs.realpathSync.native(at('far')));
		attempt(() => fs.realpathSync(at('loop')));
		attempt(() => fs.readdirSync(at('file')));
		attempt(() => fs.mkdirSync(at('file') + '/', { recursive: true }));
		attempt(() => fs.mkdirSync(at('dangling'), { recursive: true }));
		attempt(() => fs.statSync(at('file/x'), { throwIfNoEntry: false }));
		attempt(() => fs.lstatSync(at('none'), { throwIfNoEntry: false }));
		attempt(() => fs.lstatSync(at('file/x'), { throwIfNoEntry: false }));
		attempt(() => fs.futimesSync(9999, 1, 1));
		attempt(() => fs.readvSync(0, []));
		attempt(() => { fs.mkdirSync(dir + '/p/../q', { recursive: true }); return fs.existsSync(at('p')); });
		attempt(() => {
			const inside = at('half');
			fs.mkdirSync(inside);
			fs.writeFileSync(path.join(inside, 'a\ud800'), '');
			const [name] = fs.readdirSync(inside);
			return name + Buffer.from(name).toString('hex');
		});`))
}

func TestArgumentsOfFilesAreCheckedInNodesOrder(t *testing.T) {
	requireExamples(t, `
		const fs = require('fs');
		const none = () => {};
	`, []example{
		{"fs.fchmod(1, '123x')", `TypeError ERR_INVALID_ARG_VALUE: The argument 'mode' must be a 32-bit unsigned integer or an octal string. Received '123x'`},
		{"fs.fchown('a', 'b')",
			`TypeError ERR_INVALID_ARG_TYPE: The "uid" argument must be of type number. Received type string ('b')`},
		{"fs.fchown('a', 1, 1)",
			`TypeError ERR_INVALID_ARG_TYPE: The "cb" argument must be of type function. Received undefined`},
		{"fs.fchown('a', 1, 1, none)",
			`TypeError ERR_INVALID_ARG_TYPE: The "fd" argument must be of type number. Received type string ('a')`},
		{"fs.stat({})", `TypeError ERR_INVALID_ARG_TYPE: The "cb" argument must be of type function. Received undefined`},
		{"fs.accessSync('a', 'b')", `TypeError ERR_INVALID_ARG_TYPE: mode must be int32 or null/undefined`},
		{"fs.accessSync('a', 8)", `RangeError ERR_OUT_OF_RANGE: mode is out of range: >= 0 && <= 7`},
		{"fs.copyFileSync('a', 'b', NaN)", `RangeError ERR_OUT_OF_RANGE: mode is out of range`},
		{"fs.symlinkSync('a', 'b', 'c')", `TypeError ERR_INVALID_ARG_VALUE: The argument 'type' must be one of: 'dir', 'file', 'junction', null, undefined. Received 'c'`},
		{"fs.rmdirSync('a', null)",
			`TypeError ERR_INVALID_ARG_TYPE: The "options" argument must be of type object. Received null`},
		{"fs.readSync(0, 'a')", `TypeError ERR_INVALID_ARG_TYPE: The "buffer" argument must be an instance of Buffer, TypedArray, or DataView. Received type string ('a')`},
		{"fs.readSync(0, Buffer.alloc(1), undefined, undefined)", `0`},
		{"fs.read(0, { buffer: null }, none)", `TypeError ERR_INVALID_ARG_TYPE: The "buffer" argument must be an instance of Buffer, TypedArray, or DataView. Received null`},
		{"fs.readFileSync(-1)",
			`RangeError ERR_OUT_OF_RANGE: The value of "fd" is out of range. It must be >= 0 && <= 2147483647. Received -1`},
		{"fs.utimesSync('a', {}, 1)", `TypeError ERR_INVALID_ARG_TYPE: The "time" argument must be an instance of Date or an Time in seconds. Received an instance of Object`},
		{"fs.Dir.prototype.path", `TypeError ERR_INVALID_THIS: Value of "this" must be of type Dir`},
		{"fs.WriteStream.prototype.autoClose", `TypeError ERR_INVALID_THIS: Value of "this" must be of type WriteStream`},
		{`fs.openSync({ a: "it's" }.a + '\0')`, `TypeError ERR_INVALID_ARG_VALUE: The argument 'path' must be a string, Uint8Array, or URL without null bytes. Received "it's\x00"`},
		{`Buffer.concat("it's")`,
			`TypeError ERR_INVALID_ARG_TYPE: The "list" argument must be an instance of Array. Received type string ("it's")`},
	})
}

// A read into many buffers is one system call: a second one would block, because there is no more
// data.
func TestManyBuffersAreReadAtOnce(t *testing.T) {
	require.Equal(t, []string{"abcd 61626364 0000 00", "async 2 6566 0000"}, inFolder(t, `
		const { spawnSync } = require('child_process');
		const pipe = path.join(dir, 'pipe');
		if (spawnSync('mkfifo', [pipe]).status !== 0) throw new Error('mkfifo');
		const fd = fs.openSync(pipe, 'r+');
		fs.writevSync(fd, [Buffer.from('ab'), new Uint16Array([0x6463])]);
		const into = [new Uint8Array(4), new Uint8Array(2), new Uint8Array(1)];
		const hex = (all) => all.map((one) => Buffer.from(one.buffer).toString('hex')).join(' ');
		if (fs.readvSync(fd, into) !== 4) throw new Error('readv');
		console.log(Buffer.from(into[0]).toString(), hex(into));
		fs.writeSync(fd, 'ef');
		fs.readv(fd, [new Uint8Array(2), new Uint8Array(2)], (error, n, all) => { console.log('async', n, hex(all)); fs.closeSync(fd); });`))
}

// A pipe without a writer does not block a listing, and a device without an end does not block a
// copy.
func TestPipesAndDevicesDoNotBlockListingAndCopying(t *testing.T) {
	require.Equal(t, []string{"ENOTDIR", "0", "true"}, inFolder(t, `
		const { spawnSync } = require('child_process');
		const pipe = path.join(dir, 'pipe');
		if (spawnSync('mkfifo', [pipe]).status !== 0) throw new Error('mkfifo');
		try { fs.readdirSync(pipe); } catch (e) { console.log(e.code); }
		fs.copyFileSync('/dev/zero', path.join(dir, 'copy'));
		console.log(fs.statSync(path.join(dir, 'copy')).size);
		fs.cpSync('/dev/zero', path.join(dir, 'copy2'));
		console.log(fs.existsSync(path.join(dir, 'copy2')));`))
}
