package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// written writes files to a new directory, and returns its path.
func written(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for name, text := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	return dir
}

func TestModuleParentIsDeprecatedOnDemand(t *testing.T) {
	for _, access := range []string{"module.parent", "module.parent = undefined"} {
		_, _, stderr := outputOf(t, "--pending-deprecation", "-e", access+"; module.parent")
		require.Contains(t, stderr, "[DEP0144] DeprecationWarning: module.parent is deprecated due to accuracy issues. "+
			"Please use require.main to find program entry point instead.", access)
	}
	_, stdout, stderr := outputOf(t, "-p", "module.parent")
	require.Equal(t, "undefined\n", stdout)
	require.Empty(t, stderr)
}

func TestModulesAreNotRequiredWhenThatIsOff(t *testing.T) {
	dir := written(t, map[string]string{
		"a.js": `
			console.log(process.features.require_module);
			for (const file of ['./b.mjs', './c.js', './d/c.js', './d/a.js', './d/s.js']) {
				try { console.log(require(file).default); } catch (error) { console.log(error.name, error.code, error.message); }
			}
			import('./b.mjs').then((ns) => console.log(ns.default));`,
		"b.mjs": "export default 1", "c.js": "export default 1",
		"d/package.json": `{ "type": "module" }`, "d/c.js": "export default 1", "d/a.js": "export default 1", "d/s.js": "exports.default = 1",
	})
	a := filepath.Join(dir, "a.js")
	for _, flag := range []string{"--no-experimental-require-module", "--no-require-module"} {
		_, stdout, stderr := outputOf(t, flag, a)
		const end = " to a dynamic import() which is available in all CommonJS modules.\n"
		require.Equal(t, "false\nError ERR_REQUIRE_ESM require() of ES Module "+dir+"/b.mjs from "+a+" not supported.\n"+
			"Instead change the require of "+dir+"/b.mjs"+end+
			"SyntaxError undefined Unexpected token 'export'\n"+
			"Error ERR_REQUIRE_ESM require() of ES Module "+dir+"/d/c.js from "+a+" not supported.\nInstead change the require of c.js in "+a+end+
			"Error ERR_REQUIRE_ESM require() of ES Module "+dir+"/d/a.js from "+a+" not supported.\nInstead change the require of "+dir+"/d/a.js in "+a+end+
			"Error ERR_REQUIRE_ESM require() of ES Module "+dir+"/d/s.js from "+a+" not supported.\n"+
			`s.js is treated as an ES module file as it is a .js file whose nearest parent package.json contains "type": "module" `+
			"which declares all .js files in that package scope as ES modules.\nInstead either rename s.js to end in .cjs, "+
			"change the requiring code to use dynamic import() which is available in all CommonJS modules, or change "+
			`"type": "module" to "type": "commonjs" in `+dir+"/d/package.json to treat all .js files as CommonJS (using .mjs for all ES modules instead).\n\n"+
			"1\n", stdout, stderr)
	}
	_, stdout, _ := outputOf(t, a)
	require.Regexp(t, "^true\n1\n1\n1\n1\n.*exports is not defined.*\n.*'.cjs' file extension.*\n1\n$", stdout)
}

func TestImportsOfTheCommandLineRunOneAfterTheOther(t *testing.T) {
	dir := written(t, map[string]string{
		"a.mjs": "await new Promise(setImmediate); console.log('a')", "b.cjs": "console.log('b')", "c.cjs": "console.log('c')", "bad.cjs": "let a = ;",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, row := range []struct {
		want string
		code int
		args []string
	}{
		{"a\nb\nc\n", 0, []string{"--import", at("a.mjs"), "--import", at("b.cjs"), at("c.cjs")}},
		{"b\na\nc\n", 0, []string{"--import", at("a.mjs"), "--require", at("b.cjs"), at("c.cjs")}},
		{"a\n", 0, []string{"--import", at("a.mjs"), "--check", at("c.cjs")}},
		{"a\n", 1, []string{"--import", at("a.mjs"), "--check", at("bad.cjs")}},
	} {
		status, stdout, stderr := outputOf(t, row.args...)
		require.Equal(t, row.want, stdout, stderr)
		require.Equal(t, row.code, status.ExitStatus(), stderr)
	}
}
