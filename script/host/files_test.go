package host_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// inFolder runs a script whose dir is a new directory.
func inFolder(t *testing.T, source string) []string {
	t.Helper()
	return printed(t, fmt.Sprintf("const fs = require('fs'), path = require('path'), dir = %q; %s", t.TempDir(), source))
}

func TestFilesAreReadAndWrittenInAllForms(t *testing.T) {
	require.Equal(t, []string{"one two", "one two three", "[1,2,3]", "two", "<Buffer 6f 6e>"}, inFolder(t, `
		const file = path.join(dir, 'a');
		fs.writeFileSync(file, 'one');
		fs.appendFileSync(file, ' two');
		console.log(fs.readFileSync(file, 'utf8'));
		fs.appendFile(file, ' three', () => fs.readFile(file, 'utf8', async (error, text) => {
			console.log(text);
			await fs.promises.writeFile(file, JSON.stringify([1, 2, 3]));
			console.log(await fs.promises.readFile(file, 'utf8'));
			const fd = fs.openSync(file, 'w+');
			fs.writeSync(fd, 'one two');
			const bytes = Buffer.alloc(3);
			fs.readSync(fd, bytes, 0, 3, 4);
			console.log(bytes.toString());
			fs.read(fd, Buffer.alloc(2), 0, 2, 0, (error, n, buffer) => { console.log(buffer); fs.closeSync(fd); });
		}));`))
}

func TestErrorsOfFilesAreNodes(t *testing.T) {
	require.Equal(t, []string{
		"ENOENT: no such file or directory, open '/nope' -2 open /nope",
		"ENOENT: no such file or directory, rename '/nope' -> '/nope2' -2 rename /nope",
		"EEXIST: file already exists, mkdir '/' -17 mkdir /",
		"ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE", "callback ENOENT", "promise ENOENT",
	}, inFolder(t, `
		const attempt = (fn) => { try { fn(); } catch (e) { console.log(e.syscall ? [e.message, e.errno, e.syscall, e.path].join(' ') : e.code); } };
		attempt(() => fs.readFileSync('/nope'));
		attempt(() => fs.renameSync('/nope', '/nope2'));
		attempt(() => fs.mkdirSync('/'));
		attempt(() => fs.readFileSync({}));
		attempt(() => fs.readFileSync('a\0b'));
		fs.stat('/nope', (e) => {
			console.log('callback', e.code);
			fs.promises.stat('/nope').catch((e) => console.log('promise', e.code));
		});`))
}

func TestFoldersAreMadeListedCopiedAndRemoved(t *testing.T) {
	require.Equal(t, []string{"true", "a,a/b,a/b/c", "dir dir file", "copied", "false", "ERR_FS_EISDIR"}, inFolder(t, `
		console.log(fs.mkdirSync(path.join(dir, 'a/b'), { recursive: true }) === path.join(dir, 'a'));
		fs.writeFileSync(path.join(dir, 'a/b/c'), 'copied');
		console.log(fs.readdirSync(dir, { recursive: true }).sort().join());
		const all = fs.readdirSync(dir, { recursive: true, withFileTypes: true }).sort((x, y) => x.name < y.name ? -1 : 1);
		console.log(all.map((e) => e.isDirectory() ? 'dir' : 'file').join(' '));
		fs.cpSync(path.join(dir, 'a'), path.join(dir, 'd'), { recursive: true });
		console.log(fs.readFileSync(path.join(dir, 'd/b/c'), 'utf8'));
		fs.rmSync(path.join(dir, 'd'), { recursive: true });
		console.log(fs.existsSync(path.join(dir, 'd')));
		try { fs.rmSync(path.join(dir, 'a')); } catch (e) { console.log(e.code); }`))
}

func TestStreamsOfFilesReadPartsAndCloseTheirDescriptors(t *testing.T) {
	require.Equal(t, []string{"200000", "234", "closed 200000"}, inFolder(t, `
		const file = path.join(dir, 'a');
		fs.writeFileSync(file, '0123456789'.repeat(20000));
		let n = 0;
		fs.createReadStream(file).on('data', (chunk) => { n += chunk.length; }).on('end', () => {
			console.log(n);
			fs.createReadStream(file, { start: 2, end: 4, encoding: 'utf8' }).on('data', (text) => console.log(text)).on('close', () => {
				const out = fs.createWriteStream(path.join(dir, 'b'));
				fs.createReadStream(file).pipe(out).on('close', () => console.log('closed', fs.statSync(out.path).size));
			});
		});`))
}

func TestAHandleOfAFileClosesOnce(t *testing.T) {
	require.Equal(t, []string{"hello", "EBADF"}, inFolder(t, `
		(async () => {
			const handle = await fs.promises.open(path.join(dir, 'a'), 'w+');
			await handle.write('hello');
			console.log((await handle.read(Buffer.alloc(5), 0, 5, 0)).buffer.toString());
			await handle.close();
			await handle.close();
			await handle.stat().catch((e) => console.log(e.code));
		})();`))
}

func TestAWatcherTellsOfChangesAndHoldsTheLoopUntilItIsClosed(t *testing.T) {
	require.Equal(t, []string{"rename a", "closed"}, inFolder(t, `
		const watcher = fs.watch(dir, (kind, name) => { console.log(kind, name); watcher.close(); });
		watcher.on('close', () => console.log('closed'));
		fs.writeFileSync(path.join(dir, 'a'), '');
		fs.watch(dir).unref();`))
}

// A blocking system call holds a thread. Calls over the host's bound wait for their turn.
func TestManyCallsAtOnceAllComeBack(t *testing.T) {
	require.Equal(t, []string{"3000"}, inFolder(t, `
		let n = 0;
		for (let i = 0; i < 3000; i++) fs.stat(dir, () => { if (++n === 3000) console.log(n); });`))
}

func TestBytesThatAreNoUTF8DoNotEndAScript(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "\xff\xfe")
	if err := os.WriteFile(name, []byte("\xff"), 0o600); err != nil {
		t.Skipf("the file system wants UTF-8: %v", err)
	}
	require.Equal(t, []string{"1", "fffe", "\ufffd"}, printed(t, fmt.Sprintf(`
		const fs = require('fs');
		const [name] = fs.readdirSync(%q, 'buffer');
		const file = Buffer.concat([Buffer.from(%q), name]);
		console.log(fs.statSync(file).size);
		console.log(name.toString('hex'));
		console.log(fs.readFileSync(file, 'utf8'));`, dir, dir+"/")))
}

func TestAFileOfAHundredMegabytesIsAString(t *testing.T) {
	require.Equal(t, []string{"100000000"}, inFolder(t, `
		const file = path.join(dir, 'a');
		fs.writeFileSync(file, 'x'.repeat(100e6));
		console.log(fs.readFileSync(file, 'utf8').length);`))
}
