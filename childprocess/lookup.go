package childprocess

import (
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// lookup returns the file to execute. A name with a slash is taken as it is and resolved by execve(2), after the change of
// directory; another is searched in the child's PATH (see Options.ParentPath).
//
// A match that may not be executed is passed over, and reported (EACCES) when there is no better one, as is what else
// than absence keeps a match from being looked at (ENAMETOOLONG, ELOOP). A match in a relative directory is refused with
// [ErrDot].
func (o *Options) lookup(file string) (path string, err error) {
	if strings.IndexByte(file, '/') >= 0 {
		return file, nil
	}
	blame, refusal := file, error(syscall.ENOENT)
	for dir := range strings.SplitSeq(o.searchPath(), ":") {
		if dir == "" {
			dir = "."
		}
		// Not filepath.Join, which would take "link/.." for nothing.
		path := dir + "/" + file
		switch err := executable(o.inDir(path)); err {
		case nil:
			if !filepath.IsAbs(path) {
				return path, ErrDot
			}
			return path, nil
		case syscall.ENOENT, syscall.ENOTDIR:
		default:
			if refusal == syscall.ENOENT {
				blame, refusal = path, err
			}
		}
	}
	return blame, refusal
}

// inDir returns what the child's path is for us, who are in another directory.
func (o *Options) inDir(path string) string {
	if o.Dir == "" || filepath.IsAbs(path) {
		return path
	}
	return o.Dir + "/" + path
}

// executable reports whether path is a file that this process may execute. The kernel has the last word.
func executable(path string) error {
	var st unix.Stat_t
	for {
		err := unix.Stat(path, &st)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		break
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Mode&0o111 == 0 {
		return syscall.EACCES
	}
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS)
}
