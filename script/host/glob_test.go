package host_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPatternsFindFilesAsInNode(t *testing.T) {
	cases := []struct{ call, want string }{
		{"'*'", "a ln r.js x"},
		{"'**/*.js'", "a/1.js a/b/2.js r.js"},
		{"'./**/*.ts'", "a/b/c/3.ts"},
		{"'a/**'", "a a/1.js a/b a/b/2.js a/b/c a/b/c/3.ts"},
		{"'a/**/'", "a a/b a/b/c"},
		{"'*/'", "a x"},
		{"'a//./b/*'", "a/b/2.js a/b/c"},
		{"'a/../r.js'", "r.js"},
		{"dir + '/a/*'", "DIR/a/1.js DIR/a/b"},
		{"'{a,x}/{b/*,1.js}'", "a/1.js a/b/2.js a/b/c"},
		{"'ln/*'", "ln/1.js ln/b"},
		{"'**/.h/*'", "a/.h/4.js a/.h/up"},
		{"['*.js', 'r.*', '{r}']", "r.js"},
		{"'nope/*'", ""},
		{"'**', { exclude: ['a'] }", ". ln r.js x"},
		{"'**', { exclude: (name) => name === 'a' }", ". ln r.js x"},
		{"'*', { withFileTypes: true }", "a ln r.js x"},
	}
	source, want := `
		for (const folder of ['a/b/c', 'a/.h', 'x']) fs.mkdirSync(path.join(dir, folder), { recursive: true });
		for (const file of ['a/1.js', 'a/b/2.js', 'a/b/c/3.ts', 'a/.h/4.js', '.hidden', 'r.js']) fs.writeFileSync(path.join(dir, file), '');
		fs.symlinkSync('a', path.join(dir, 'ln'));
		fs.symlinkSync('..', path.join(dir, 'a/.h/up'));
		const find = (pattern, options) => {
			const found = fs.globSync(pattern, { cwd: dir, ...options }).map((one) => (one.name ?? one).replaceAll(dir, 'DIR'));
			console.log(found.sort().join(' ') || '-');
		};
	`, []string{}
	for _, c := range cases {
		source += "find(" + c.call + ");\n"
		if c.want == "" {
			c.want = "-"
		}
		want = append(want, c.want)
	}
	require.Equal(t, want, inFolder(t, source))
}
