package host_test

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// codeUsed matches the places where the library makes an error with a code.
var codeUsed = regexp.MustCompile(`(?:\bnew |\bcodes\.|\bcodes\)\.)(ERR_\w+)`)

// Classes of errors are made when they are first needed, far from their messages, so a missing one
// would not be noticed before.
func TestEachCodeOfTheLibraryHasItsClassAndItsMessage(t *testing.T) {
	library := os.DirFS("../lib")
	table, err := fs.ReadFile(library, "internal/errors.js")
	require.NoError(t, err)
	classes := slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`\bERR_\w+`).FindAllString(string(table), -1))))
	var result struct {
		Messages, Bad []string
	}
	r := runProgram(t, `
		const { codes } = require('internal/errors');
		const names = Object.keys(require('internal/error_messages').messages);
		const isMade = (name) => codes[name] === codes[name] && codes[name].prototype instanceof Error && codes[name].name === 'NodeError';
		console.log(JSON.stringify({ messages: names, bad: names.filter((name) => !isMade(name)) }));`, "--expose-internals")
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &result), r.stderr)
	require.Empty(t, result.Bad)
	require.Equal(t, classes, slices.Sorted(slices.Values(result.Messages)))

	used := map[string]string{}
	require.NoError(t, fs.WalkDir(library, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(file) != ".js" {
			return err
		}
		source, err := fs.ReadFile(library, file)
		for _, found := range codeUsed.FindAllSubmatch(source, -1) {
			used[string(found[1])] = file
		}
		return err
	}))
	require.Greater(t, len(used), 50)
	require.Subset(t, classes, slices.Collect(maps.Keys(used)), "%v", used)
}
