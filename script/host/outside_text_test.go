package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A lone half of a surrogate pair becomes U+FFFD where it leaves the script: in names, contents,
// arguments and output.
func TestOutputOfAScriptIsUTF8(t *testing.T) {
	const broken = "efbfbd"
	require.Equal(t, []string{"file 61" + broken, "content 62" + broken, "link 63" + broken, "argument 64" + broken, "input 65" + broken}, inFolder(t, `
		const { execFileSync } = require('child_process');
		fs.mkdirSync(path.join(dir, 'in'));
		fs.writeFileSync(path.join(dir, 'in', 'a\ud800'), 'b\udc00');
		const [name] = fs.readdirSync(path.join(dir, 'in'), 'hex');
		console.log('file', name);
		console.log('content', fs.readFileSync(path.join(dir, 'in', Buffer.from(name, 'hex').toString()), 'hex'));
		fs.symlinkSync('c\ud800', path.join(dir, 'link'));
		console.log('link', fs.readlinkSync(path.join(dir, 'link'), 'hex'));
		console.log('argument', execFileSync('printf', ['%s', 'd\ud800']).toString('hex'));
		console.log('input', execFileSync('cat', { input: 'e\ud800' }).toString('hex'));`))
	requirePrinted(t, `console.log('f\ud800')`, "f\ufffd")
	requirePrinted(t, `process.stdout.write('g\udfff\n')`, "g\ufffd")
}
