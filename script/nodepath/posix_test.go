package nodepath_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodepath"
)

var posix nodepath.Posix

func inHome() (string, error) { return "/home/me", nil }

func TestPosixPathsAreNormalized(t *testing.T) {
	for path, want := range map[string]string{
		"": ".", "/": "/", "//": "/", "a/..": ".", "a/../": "./", "../a": "../a", "/../a": "/a", "./a//b/../c/": "a/c/",
		"a/../..": "..", "...": "...",
		"/a/b/../../..": "/",
	} {
		require.Equal(t, want, posix.Normalize(path), path)
	}
}

func TestPosixPathsAreResolved(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{nil, "/home/me"}, {[]string{"a", "..", "b/"}, "/home/me/b"}, {[]string{"/a", "/b", ""}, "/b"},
		{[]string{"../../.."}, "/"},
	} {
		got, err := posix.Resolve(inHome, c.parts...)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.parts)
	}
	gone := errors.New("gone")
	_, err := posix.Resolve(func() (string, error) { return "", gone }, "a")
	require.ErrorIs(t, err, gone)
	_, err = posix.Resolve(func() (string, error) { return "", gone }, "/a")
	require.NoError(t, err, "an absolute path needs no working directory")
}

func TestPosixPathsAreTakenApart(t *testing.T) {
	for path, want := range map[string]nodepath.Parsed{
		"/home/a.txt": {Root: "/", Dir: "/home", Base: "a.txt", Ext: ".txt", Name: "a"},
		"/":           {Root: "/", Dir: "/"},
		"/a//":        {Root: "/", Dir: "/", Base: "a", Name: "a"},
		".a":          {Base: ".a", Name: ".a"},
		"a/..":        {Dir: "a", Base: "..", Name: ".."},
		"":            {},
	} {
		require.Equal(t, want, posix.Parse(path), path)
	}
	require.Equal(t, "b", posix.Basename("a/b.c", ".c"))
	require.Equal(t, "b.c", posix.Basename("a/b.c/", "b.c"))
	require.Empty(t, posix.Basename("a", "a"))
	require.Equal(t, "b/", posix.Basename("a/b/", ".b"), "as in Node")
	require.Equal(t, "//", posix.Basename("//", "/b"), "as in Node")
	require.Equal(t, "//", posix.Dirname("//a"))
	require.Equal(t, "/", posix.Dirname("/"))
}

func TestPosixWaysAreRelative(t *testing.T) {
	for _, c := range [][3]string{{"/a/b", "/a/c", "../c"}, {"/", "/a", "a"}, {"/a", "/", ".."}, {"x", "x/../x", ""},
		{"/a-b", "/a", "../a"}} {
		got, err := posix.Relative(inHome, c[0], c[1])
		require.NoError(t, err)
		require.Equal(t, c[2], got, c)
	}
}

func TestGlobsMatchNames(t *testing.T) {
	for _, c := range []struct {
		pattern   string
		yes, nots []string
	}{
		{"*.js", []string{"a.js"}, []string{".js", "a/b.js", "a.jsx"}},
		{"**/*.js", []string{"a.js", "a/b/c.js"}, []string{"a/.b/c.js", "a"}},
		{"a/**", []string{"a/b", "a/b/c", "a"}, []string{"b/a"}},
		{"{a,b{c,d}}?", []string{"ax", "bdx"}, []string{"bx", "a"}},
		{"[a-c]x[!0-9]", []string{"bxx"}, []string{"dxx", "bx1"}},
		{`\*`, []string{"*"}, []string{"a"}},
		{"[a", []string{"[a"}, []string{"a"}},
		{"*a*b*", []string{"xaxb", "ab"}, []string{"ba"}},
	} {
		for _, path := range c.yes {
			require.True(t, posix.MatchesGlob(path, c.pattern), "%s %s", path, c.pattern)
		}
		for _, path := range c.nots {
			require.False(t, posix.MatchesGlob(path, c.pattern), "%s %s", path, c.pattern)
		}
	}
}

// These patterns take exponential time in a matcher that backtracks.
func TestGlobsTakeNoLongTime(t *testing.T) {
	long := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	require.False(t, posix.MatchesGlob(long, "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b"))
	braces := "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"
	require.False(t, posix.MatchesGlob(long, braces))
}

func FuzzNormalizeIsStable(f *testing.F) {
	f.Add("a/../b//")
	f.Add(`\\s\h\..\c:d`)
	f.Fuzz(func(t *testing.T, path string) {
		once := posix.Normalize(path)
		require.Equal(t, once, posix.Normalize(once))
		win32.Parse(win32.Normalize(path))
		win32.Dirname(path)
		win32.MatchesGlob(path, path)
	})
}
