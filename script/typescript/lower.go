package typescript

import (
	"regexp"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// unsupported is the syntax that the engine cannot read (using), or does not run as the language says:
// it leaves a loop of for await without waiting for the iterator's return.
var unsupported = map[string]bool{"using": false, "for-await": false}

// They are compiled when a source first has such a word: that takes as long as much of the start of
// a program.
var (
	forAwait = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bfor\s+await\b`) })
	using    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\busing[ \t]+[\p{L}_$][\p{L}\p{N}_$]*\s*(?:=[^=>]|of\b)`)
	})
)

// NeedsLowering reports whether a source may have syntax that the engine lacks. Comments and texts
// that look like it count, too: to lower a source that has none takes time and does no harm.
func NeedsLowering(source string) bool {
	return strings.Contains(source, "await") && forAwait().MatchString(source) || strings.Contains(source, "using") &&
		using().MatchString(source)
}

// Lower writes what the engine lacks in words that it has.
func Lower(file, source string) (*Script, error) {
	return transform(file, source, &api.TransformOptions{Loader: api.LoaderJS, Supported: unsupported})
}
