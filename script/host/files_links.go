package host

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// realPath returns the path without symbolic links, as realpath(3) does.
func realPath(path string) (any, error) {
	absolute := path
	if path == "" {
		return nil, onPath("realpath", unix.ENOENT, path)
	}
	if !filepath.IsAbs(path) {
		dir, err := unix.Getwd()
		if err != nil {
			return nil, onPath("realpath", err, path)
		}
		absolute = dir + "/" + path
	}
	found, err := walkLinks(absolute, false)
	if e, ok := errors.AsType[*systemError](err); ok {
		return nil, onPath("realpath", e.errno, path)
	}
	return []byte(found), err
}

// mostLinks bounds the links that walkLinks follows, because another process may replace a
// directory by a link again and again.
const mostLinks = 1000

// walkLinks returns an absolute path without symbolic links. Its error names the part of the path
// that could not be examined. If pipes is true, a final link to a pipe or a socket is replaced by
// its target, which is no name in a directory (/proc/1/fd/pipe:[1]).
func walkLinks(path string, pipes bool) (string, error) {
	known, rest := "/", path // known has no links; rest is still to be examined
	links := 0
	for {
		rest = strings.TrimLeft(rest, "/")
		if rest == "" {
			return known, nil
		}
		name, after, more := strings.Cut(rest, "/")
		at := filepath.Join(known, name)
		var info unix.Stat_t
		if err := retry(func() error { return unix.Lstat(at, &info) }); err != nil {
			return "", onPath("lstat", err, at)
		}
		if info.Mode&unix.S_IFMT != unix.S_IFLNK {
			if more && info.Mode&unix.S_IFMT != unix.S_IFDIR && !pipes {
				return "", onPath("lstat", unix.ENOTDIR, at)
			}
			known, rest = at, after
			continue
		}
		if links++; links > mostLinks {
			return "", onPath("stat", unix.ELOOP, at)
		}
		if err := retry(func() error { return unix.Stat(at, &info) }); err != nil {
			return "", onPath("stat", err, at)
		}
		target, err := os.Readlink(at)
		if err != nil {
			return "", onPath("readlink", errnoOf(err), at)
		}
		if kind := info.Mode & unix.S_IFMT; pipes && !more && (kind == unix.S_IFIFO || kind == unix.S_IFSOCK) {
			return filepath.Join(known, target), nil
		}
		if filepath.IsAbs(target) {
			known = "/"
		}
		if rest = target; more {
			rest += "/" + after
		}
	}
}
