package typescript

import (
	"regexp"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// unsupported is the syntax that the engine cannot compile (using), or does not run correctly: it
// leaves a loop of for await without waiting for the iterator's return.
var unsupported = map[string]bool{"using": false, "for-await": false}

// Compiled on first use, because compiling takes a noticeable part of a program's start.
var (
	forAwait = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bfor\s+await\b`) })
	using    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`\busing[ \t]+[\p{L}_$][\p{L}\p{N}_$]*\s*(?:=[^=>]|of\b)`)
	})
)

// NeedsLowering reports whether a source may have unsupported syntax. Comments and texts that look
// like it count, too, because lowering does no harm.
func NeedsLowering(source string) bool {
	return strings.Contains(source, "await") && forAwait().MatchString(source) || strings.Contains(source, "using") &&
		using().MatchString(source)
}

// Lower rewrites unsupported syntax. Its error is an [*Error].
func Lower(file, source string) (*Script, error) {
	return transform(file, source, &api.TransformOptions{Loader: api.LoaderJS, Supported: unsupported})
}
