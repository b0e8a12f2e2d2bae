// Package typescript produces JavaScript for the engine with esbuild: from TypeScript, whose types
// are removed and not checked, and from JavaScript with syntax that the engine lacks. It maps
// places in the result to places in the source.
//
// All functions are safe to call from any goroutine.
package typescript

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

// Script is a rewritten source.
type Script struct {
	Code  string
	lines [][]segment // by lines of Code
}

// segment maps a column of the code, up to the next segment, to a place in the source. All count
// from zero.
type segment struct{ column, sourceLine, sourceColumn int }

// Error is the error of a source that cannot be parsed. Line and Column count from one.
type Error struct {
	File         string
	Line, Column int
	Text         string
	LineText     string
}

func (e *Error) Error() string { return fmt.Sprintf("%s (%s:%d:%d)", e.Text, e.File, e.Line, e.Column) }

// Strip removes the types from a source. Its error is an [*Error].
func Strip(file, source string) (*Script, error) {
	supported := maps.Clone(unsupported)
	supported["decorators"] = false
	return transform(file, source, &api.TransformOptions{
		Loader: api.LoaderTS, Supported: supported,
		TsconfigRaw: `{"compilerOptions":{"verbatimModuleSyntax":true,"useDefineForClassFields":true}}`,
	})
}

// transform runs esbuild on a source, and returns the first of its errors.
func transform(file, source string, o *api.TransformOptions) (*Script, error) {
	o.Sourcefile, o.Sourcemap, o.SourcesContent = file, api.SourceMapExternal, api.SourcesContentExclude
	o.Target, o.LogLevel = api.ESNext, api.LogLevelSilent
	result := api.Transform(source, *o)
	if len(result.Errors) > 0 {
		first := result.Errors[0]
		e := &Error{File: file, Line: 1, Column: 1, Text: first.Text}
		if at := first.Location; at != nil {
			e.Line, e.Column, e.LineText = at.Line, at.Column+1, at.LineText
		}
		return nil, e
	}
	s := &Script{Code: string(result.Code)}
	var m struct {
		Mappings string `json:"mappings"`
	}
	if err := json.Unmarshal(result.Map, &m); err != nil {
		return nil, fmt.Errorf("typescript: %s: the map of its places: %w", file, err)
	}
	s.lines = decode(m.Mappings)
	return s, nil
}

// Place returns the place in the source of a place in the code. Lines and columns count from one;
// column 0 stands for the beginning of the line.
func (s *Script) Place(line, column int) (sourceLine, sourceColumn int) {
	if line < 1 || line > len(s.lines) {
		return line, column
	}
	found := segment{-1, -1, -1}
	for _, one := range s.lines[line-1] {
		if found.column >= 0 && one.column > max(column-1, 0) {
			break
		}
		found = one
	}
	if found.column < 0 {
		return line, column
	}
	return found.sourceLine + 1, found.sourceColumn + 1
}

// decode parses the mappings of a source map: lines of segments of numbers, each of which is the
// difference from the one before.
func decode(mappings string) (lines [][]segment) {
	line, column := 0, 0
	for text := range strings.SplitSeq(mappings, ";") {
		var segments []segment
		at := 0
		for part := range strings.SplitSeq(text, ",") {
			n := numbers(part)
			if len(n) < 4 {
				continue // An empty line, or code that comes from no source.
			}
			at += n[0]
			line += n[2]
			column += n[3]
			segments = append(segments, segment{at, line, column})
		}
		lines = append(lines, segments)
	}
	return lines
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// numbers parses numbers in base 64: each digit has five bits and says whether more follow; the
// lowest bit is the sign.
func numbers(text string) (all []int) {
	n, shift := 0, 0
	for _, r := range text {
		digit := strings.IndexRune(digits, r)
		if digit < 0 {
			return all
		}
		n |= digit & 31 << shift
		if shift += 5; digit&32 != 0 {
			continue
		}
		if n&1 != 0 {
			n = -(n >> 1)
		} else {
			n >>= 1
		}
		all = append(all, n)
		n, shift = 0, 0
	}
	return all
}
