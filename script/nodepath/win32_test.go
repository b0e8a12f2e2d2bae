package nodepath_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/script/nodepath"
)

var win32 nodepath.Win32

func onDrive(device string) (string, error) {
	if device == "" || device == "C:" {
		return `C:\home`, nil
	}
	return device + `\other`, nil
}

func TestWin32PathsAreNormalized(t *testing.T) {
	for path, want := range map[string]string{
		"": ".", "/": `\`, "a": "a", "C:": "C:.", "C:a/../..": `C:..`, "C:/a/./b//": `C:\a\b\`, "//s/h": `\\s\h\`, "//s/h/../a": `\\s\h\a`,
		`\\.\pipe\a\..`: `\\.\pipe`, `///a`: `\a`, "./a:b/../c:": `.\c:`, "CON:a": `.\CON:a`, `\\.\COM1:`: `\\?\COM1:\`, "a/../C:/b": `.\C:\b`,
	} {
		require.Equal(t, want, win32.Normalize(path), path)
	}
}

func TestWin32PathsAreResolved(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{nil, `C:\home`}, {[]string{"a"}, `C:\home\a`}, {[]string{`c:/a`, `d:/b`, `C:x`}, `C:\a\x`},
		{[]string{"D:a"}, `D:\other\a`},
		{[]string{`\a`}, `C:\a`}, {[]string{`//s/h`, "..", "a"}, `\\s\h\a`},
	} {
		got, err := win32.Resolve(onDrive, c.parts...)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.parts)
	}
}

func TestWin32PathsAreTakenApart(t *testing.T) {
	for path, want := range map[string]nodepath.Parsed{
		`C:\a\b.c`:  {Root: `C:\`, Dir: `C:\a`, Base: "b.c", Ext: ".c", Name: "b"},
		`C:`:        {Root: "C:", Dir: "C:"},
		`C:a`:       {Root: "C:", Dir: "C:", Base: "a", Name: "a"},
		`\\s\h\a\b`: {Root: `\\s\h\`, Dir: `\\s\h\a`, Base: "b", Name: "b"},
		`\\s\h`:     {Root: `\\s\h`, Dir: `\\s\h`},
		`a/b\c.d`:   {Dir: `a/b`, Base: "c.d", Ext: ".d", Name: "c"},
		`\`:         {Root: `\`, Dir: `\`},
	} {
		require.Equal(t, want, win32.Parse(path), path)
	}
	for path, want := range map[string]string{`C:\`: `C:\`, `C:a`: "C:", `C:\a\b`: `C:\a`, `\\s\h`: `\\s\h`,
		`\\s\h\a`: `\\s\h\`, "a": ".", `\a`: `\`} {
		require.Equal(t, want, win32.Dirname(path), path)
	}
	require.Equal(t, "a", win32.Basename("C:a.b", ".b"))
}

func TestWin32WaysAreRelative(t *testing.T) {
	for _, c := range [][3]string{
		{`C:\a\b`, `c:\A\c`, `..\c`}, {`C:\a`, `D:\a`, `D:\a`}, {`C:\`, `C:\a`, "a"}, {`\\s\h\a`, `\\s\h`, `..`},
		{`\a`, `\`, ".."}, {`C:\İ\a`, "C:\\i̇\\b", `..\b`},
	} {
		got, err := win32.Relative(onDrive, c[0], c[1])
		require.NoError(t, err)
		require.Equal(t, c[2], got, c)
	}
}

func TestWin32PathsAreJoined(t *testing.T) {
	for _, c := range []struct {
		parts []string
		want  string
	}{
		{nil, "."}, {[]string{"//s", "h"}, `\\s\h\`}, {[]string{"/", "/s", "h"}, `\s\h`}, {[]string{"c:", "a"}, `c:\a`},
		{[]string{"a", "NUL:", "b/c"}, `a\NUL:\b\c`},
	} {
		require.Equal(t, c.want, win32.Join(c.parts...), c.parts)
	}
}

func TestWin32PathsGetTheirPrefix(t *testing.T) {
	for path, want := range map[string]string{`C:\a`: `\\?\C:\a`, `\\s\h\a`: `\\?\UNC\s\h\a`, `\\?\a`: `\\?\a`, "": ""} {
		got, err := win32.ToNamespacedPath(onDrive, path)
		require.NoError(t, err)
		require.Equal(t, want, got, path)
	}
}
