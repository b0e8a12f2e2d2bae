package resolve_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/script/resolve"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// tree is a directory of files: each line is a path, followed by a space and the content.
const tree = `
app/main.js
app/other.js
app/data.json {}
app/folder/index.js
app/withmain/package.json {"main": "./lib"}
app/withmain/lib.js
app/badmain/package.json {"main": "./nope"}
app/broken/package.json {bad
app/sub/package.json {"name": "self", "exports": {".": "./self.js", "./*": "./*.js"}, "imports": {"#/*": "./*.js", "#own": "./own.js", "#dep": "dep", "#gone": null, "#inner": {"require": {"default": null}, "import": [{"default": null}], "default": "./own.js"}, "#none": {"require": {"else": "./own.js"}, "default": "./own.js"}, "#url": "some:url", "#fs": "fs", "#nofile": "./no.js", "#s/*": "./*", "#t": ".//own.js", "#ring": "#back", "#back": "#ring"}}
app/sub/self.js
app/sub/own.js
node_modules/plain/index.js
node_modules/plain/sub/file.js
node_modules/dep/package.json {"exports": {"import": "./module.mjs", "require": "./script.cjs"}}
node_modules/dep/module.mjs
node_modules/mixed/package.json {"exports": {"a": "./a.js", "./b": "./a.js"}}
node_modules/dep/script.cjs
node_modules/paths/package.json {"exports": {"./a": "./x/a.js", "./p/*": "./x/*.js", "./p/private/*": null, "./bad": "../out.js", "./list": [null, "./x/a.js"], "./c": {"special": "./x/a.js"}, "./space": "./x/a%2bb.js", "./slash": "./x%2fa.js"}}
node_modules/paths/x/a+b.js
node_modules/#plain.js
node_modules/paths/x/a.js
node_modules/@scope/name/package.json {"main": "m.js"}
node_modules/@scope/name/m.js
node_modules/file.js
node_modules/brokenpackage/package.json {
app/node_modules/plain/index.js
`

func makeTree(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	for line := range strings.Lines(tree) {
		path, content, _ := strings.Cut(strings.TrimSpace(line), " ")
		if path == "" {
			continue
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, path)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, path), []byte(content), 0o644))
	}
	return dir
}

// outcome is the file's path in the tree, or the code of the error.
func outcome(t *testing.T, dir, file string, err error) string {
	t.Helper()
	if e, ok := errors.AsType[*resolve.Error](err); ok {
		return e.Code
	}
	require.NoError(t, err)
	path, err := filepath.Rel(dir, file)
	require.NoError(t, err)
	return path
}

func TestRequireFindsFiles(t *testing.T) {
	dir := makeTree(t)
	for _, row := range []struct{ request, from, want string }{
		{"./other", "app", "app/other.js"},
		{"./other.js", "app", "app/other.js"},
		{"./data", "app", "app/data.json"},
		{"./folder", "app", "app/folder/index.js"},
		{"./folder/", "app", "app/folder/index.js"},
		{"./other/", "app", "MODULE_NOT_FOUND"},
		{".", "app/folder", "app/folder/index.js"},
		{"..", "app/folder/x", "app/folder/index.js"},
		{"./withmain", "app", "app/withmain/lib.js"},
		{"./badmain", "app", "MODULE_NOT_FOUND"},
		{"./broken", "app", "ERR_INVALID_PACKAGE_CONFIG"},
		{"./nope", "app", "MODULE_NOT_FOUND"},
		{"plain", "app", "app/node_modules/plain/index.js"},
		{"plain", ".", "node_modules/plain/index.js"},
		{"plain/sub/file", ".", "node_modules/plain/sub/file.js"},
		{"dep", "app", "node_modules/dep/script.cjs"},
		{"dep/script.cjs", "app", "ERR_PACKAGE_PATH_NOT_EXPORTED"},
		{"paths", "app", "ERR_PACKAGE_PATH_NOT_EXPORTED"},
		{"paths/a", "app", "node_modules/paths/x/a.js"},
		{"paths/p/a", "app", "node_modules/paths/x/a.js"},
		{"paths/p/private/a", "app", "ERR_PACKAGE_PATH_NOT_EXPORTED"},
		{"paths/p/../../a", "app", "ERR_INVALID_MODULE_SPECIFIER"},
		{"paths/bad", "app", "ERR_INVALID_PACKAGE_TARGET"},
		{"paths/list", "app", "node_modules/paths/x/a.js"},
		{"paths/c", "app", "ERR_PACKAGE_PATH_NOT_EXPORTED"},
		{"@scope/name", "app", "node_modules/@scope/name/m.js"},
		{"file", "app", "node_modules/file.js"},
		{"brokenpackage", "app", "ERR_INVALID_PACKAGE_CONFIG"},
		{"self", "app/sub", "app/sub/self.js"},
		{"self/own", "app/sub", "app/sub/own.js"},
		{"self", "app", "MODULE_NOT_FOUND"},
		{"#own", "app/sub", "app/sub/own.js"},
		{"#/own", "app/sub", "app/sub/own.js"},
		{"#dep", "app/sub", "node_modules/dep/script.cjs"},
		{"#gone", "app/sub", "ERR_PACKAGE_IMPORT_NOT_DEFINED"},
		{"#nope", "app/sub", "ERR_PACKAGE_IMPORT_NOT_DEFINED"},
		{"#nope", "app", "MODULE_NOT_FOUND"},
		{"#inner", "app/sub", "ERR_PACKAGE_IMPORT_NOT_DEFINED"},
		{"#none", "app/sub", "app/sub/own.js"},
		{"#url", "app/sub", "ERR_INVALID_PACKAGE_TARGET"},
		{"#nofile", "app/sub", "MODULE_NOT_FOUND"},
		{"#ring", "app/sub", "MODULE_NOT_FOUND"},
		{"mixed", "app", "ERR_INVALID_PACKAGE_CONFIG"},
		{"#plain", "app", "node_modules/#plain.js"},
		{"#", "app/sub", "ERR_INVALID_MODULE_SPECIFIER"},
		{"paths/space", "app", "node_modules/paths/x/a+b.js"},
		{"paths/slash", "app", "ERR_INVALID_MODULE_SPECIFIER"},
		{"paths/p/no%64e_modules", "app", "ERR_INVALID_MODULE_SPECIFIER"},
	} {
		file, err := resolve.New().Require(row.request, filepath.Join(dir, row.from))
		require.Equal(t, row.want, outcome(t, dir, file, err), "require(%q) in %s", row.request, row.from)
	}
}

func TestImportFindsFiles(t *testing.T) {
	dir := makeTree(t)
	for _, row := range []struct{ specifier, from, want string }{
		{"./other.js", "app/main.js", "app/other.js"},
		{"./other", "app/main.js", "ERR_MODULE_NOT_FOUND"},
		{"./folder", "app/main.js", "ERR_UNSUPPORTED_DIR_IMPORT"},
		{"dep", "app/main.js", "node_modules/dep/module.mjs"},
		{"plain", "app/main.js", "app/node_modules/plain/index.js"},
		{"plain/index.js", "app/main.js", "app/node_modules/plain/index.js"},
		{"plain/index", "app/main.js", "ERR_MODULE_NOT_FOUND"},
		{"nope", "app/main.js", "ERR_MODULE_NOT_FOUND"},
		{"@scope", "app/main.js", "ERR_INVALID_MODULE_SPECIFIER"},
		{"#dep", "app/sub/self.js", "node_modules/dep/module.mjs"},
		{"#ring", "app/sub/self.js", "ERR_MODULE_NOT_FOUND"},
		{"self", "app/sub/own.js", "app/sub/self.js"},
	} {
		file, err := resolve.New().Import(row.specifier, filepath.Join(dir, row.from))
		require.Equal(t, row.want, outcome(t, dir, file, err), "import %q in %s", row.specifier, row.from)
	}
}

func TestConditionsOfTheCommandLineCount(t *testing.T) {
	dir := makeTree(t)
	r := resolve.New()
	r.Conditions = []string{"special"}
	file, err := r.Require("paths/c", filepath.Join(dir, "app"))
	require.Equal(t, "node_modules/paths/x/a.js", outcome(t, dir, file, err))
}

func TestLinksAreFollowedUnlessTheyAreKept(t *testing.T) {
	dir := makeTree(t)
	require.NoError(t, os.Symlink(filepath.Join(dir, "app/other.js"), filepath.Join(dir, "link.js")))
	r := resolve.New()
	file, err := r.Require("./link.js", dir)
	require.Equal(t, "app/other.js", outcome(t, dir, file, err))
	r.KeepLinks = true
	file, err = r.Require("./link.js", dir)
	require.Equal(t, "link.js", outcome(t, dir, file, err))
}

func TestFormatsAreThoseOfExtensionsAndPackages(t *testing.T) {
	dir := makeTree(t)
	for name, want := range map[string]struct {
		format resolve.Format
		said   bool
	}{
		"a.mjs": {resolve.Module, true}, "a.cjs": {resolve.CommonJS, true}, "a.json": {resolve.JSON, true},
		"a.js":  {resolve.CommonJS, false},
		"a.mts": {resolve.Module, true}, "node_modules/plain/a.js": {resolve.CommonJS, true},
	} {
		format, said, err := resolve.New().Format(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want.format, format, name)
		require.Equal(t, want.said, said, name)
	}
}

func TestPackagesWithoutAFullMainAreWarnedOf(t *testing.T) {
	dir := makeTree(t)
	for name, text := range map[string]string{
		"none/package.json": `{"type": "module"}`, "none/index.js": "",
		"short/package.json": `{"type": "module", "main": "./m"}`, "short/m.js": "",
		"full/package.json": `{"type": "module", "main": "./m.js"}`, "full/m.js": "", "absolute/m.js": "",
		"absolute/package.json": `{"type": "module", "main": "` + dir + `/node_modules/absolute/m.js"}`,
		"gone/package.json":     `{"main": "./m"}`, "gone/index.js": "",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, "node_modules", name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "node_modules", name), []byte(text), 0o644))
	}
	from := filepath.Join(dir, "app/main.js")
	for _, row := range []struct{ specifier, want string }{
		{"none", `DEP0151 No "main" or "exports" field defined in the package.json for %/none/ resolving the main entry point "index.js", ` +
			"imported from " + from + ".\nDefault \"index\" lookups for the main are deprecated for ES modules."},
		{"short", `DEP0151 Package %/short/ has a "main" field set to "./m", excluding the full filename and extension to the resolved file at ` +
			`"m.js", imported from ` + from +
			".\n Automatic extension resolution of the \"main\" field is deprecated for ES modules."},
		{"full", ""},
		{"absolute", ""},
		{"plain", ""},
		{"gone", "DEP0128 Invalid 'main' field in '%/gone/package.json' of './m'. Please either fix that or report it to the module author"},
	} {
		r := resolve.New()
		var warned []string
		r.Warn = func(code, message string) { warned = append(warned, code+" "+message) }
		_, err := r.Import(row.specifier, from)
		require.NoError(t, err, row.specifier)
		require.Equal(t, strings.ReplaceAll(row.want, "%", filepath.Join(dir, "node_modules")), strings.Join(warned, "\n"),
			row.specifier)
	}
}

func TestSlashesInExcessAreWarnedOf(t *testing.T) {
	dir := makeTree(t)
	const beginning, where = "DEP0166 Use of deprecated ",
		` in the "imports" field module resolution of the package at %/package.json imported from %/x.js.`
	for specifier, want := range map[string]string{
		"#s/own.js": "",
		"#s//own.js": beginning + `double slash resolving ".//own.js" for module request "#s//own.js" matched to "#s/*"` +
			where,
		"#t":         beginning + `double slash resolving ".//own.js" for module request "#t"` + where,
		"#s/own.js/": beginning + `leading or trailing slash matching resolving "./own.js/" for module request "#s/own.js/" matched to "#s/*"` + where,
	} {
		r := resolve.New()
		warned := ""
		r.Warn = func(code, message string) { warned += code + " " + message }
		file, err := r.Import(specifier, filepath.Join(dir, "app/sub/x.js"))
		require.Equal(t, "app/sub/own.js", outcome(t, dir, file, err), specifier)
		require.Equal(t, strings.ReplaceAll(want, "%", filepath.Join(dir, "app/sub")), warned, specifier)
	}
}

func TestImportsOfAPackageMayLeadToNoFile(t *testing.T) {
	dir := makeTree(t)
	r := resolve.New()
	r.Builtin = func(name string) bool { return name == "fs" }
	for specifier, want := range map[string]string{"#fs": "node:fs", "#dep": filepath.Join(dir, "node_modules/dep/module.mjs")} {
		file, err := r.Import(specifier, filepath.Join(dir, "app/sub/x.js"))
		require.NoError(t, err, specifier)
		require.Equal(t, want, file, specifier)
	}
}
