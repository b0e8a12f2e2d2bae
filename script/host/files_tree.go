package host

import (
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// list returns the entries of a directory, with recursive those of the directories in it, too, by their paths from there.
func list(dir string, recursive, asBytes bool) (any, error) {
	l := listing{asBytes: asBytes}
	if err := l.add(dir, ""); err != nil {
		return nil, err
	}
	for i := 0; recursive && i < len(l.names); i++ {
		if l.kinds[i] != unix.DT_DIR {
			continue
		}
		if err := l.add(dir, l.names[i]); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// add adds the entries of a directory inside dir, as the system gives them.
func (l *listing) add(dir, inside string) error {
	path := dir
	if inside != "" {
		path = filepath.Join(dir, inside)
	}
	f, err := os.Open(path)
	if err != nil {
		return onPath("scandir", path, errno(err))
	}
	defer f.Close()
	const batch = 256
	for {
		entries, err := f.ReadDir(batch)
		for _, entry := range entries {
			name := entry.Name()
			if inside != "" {
				name = inside + "/" + name
			}
			l.names = append(l.names, name)
			l.kinds = append(l.kinds, entryKind(entry.Type()))
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return onPath("scandir", path, errno(err))
		}
	}
}

func entryKind(mode os.FileMode) int {
	switch {
	case mode.IsRegular():
		return unix.DT_REG
	case mode.IsDir():
		return unix.DT_DIR
	case mode&os.ModeSymlink != 0:
		return unix.DT_LNK
	case mode&os.ModeNamedPipe != 0:
		return unix.DT_FIFO
	case mode&os.ModeSocket != 0:
		return unix.DT_SOCK
	case mode&os.ModeCharDevice != 0:
		return unix.DT_CHR
	case mode&os.ModeDevice != 0:
		return unix.DT_BLK
	}
	return unix.DT_UNKNOWN
}

// makeDirectory makes a directory, with recursive those that it is in, too. It returns the first that it has made then, or nil.
func makeDirectory(path string, mode uint32, recursive bool) (any, error) {
	if !recursive {
		return nil, onPath("mkdir", path, unix.Mkdir(path, mode))
	}
	var missing []string
	at := filepath.Clean(path)
	for {
		err := unix.Mkdir(at, mode)
		if err == nil {
			break
		}
		if err == unix.ENOENT && filepath.Dir(at) != at {
			missing = append(missing, at)
			at = filepath.Dir(at)
			continue
		}
		info, statErr := os.Stat(at)
		switch {
		case statErr == nil && info.IsDir():
			if len(missing) == 0 {
				return nil, nil
			}
			at = ""
		case statErr == nil && len(missing) > 0:
			return nil, onPath("mkdir", path, unix.ENOTDIR)
		default:
			return nil, onPath("mkdir", path, err)
		}
		break
	}
	first := at
	for i := len(missing) - 1; i >= 0; i-- {
		if err := unix.Mkdir(missing[i], mode); err != nil && err != unix.EEXIST {
			return nil, onPath("mkdir", path, err)
		}
		if first == "" {
			first = missing[i]
		}
	}
	return []byte(first), nil
}

// realPath returns a path without symbolic links.
func realPath(path string) (any, error) {
	absolute := path
	if !filepath.IsAbs(path) {
		dir, err := unix.Getwd()
		if err != nil {
			return nil, onPath("realpath", path, err)
		}
		absolute = dir + "/" + path
	}
	found, err := filepath.EvalSymlinks(absolute)
	if err == nil {
		return []byte(found), nil
	}
	e := asSystemError(err)
	if e == nil {
		return nil, onPath("realpath", path, unix.ELOOP) // EvalSymlinks has no errno for too many links.
	}
	return nil, onPath("realpath", path, e.errno)
}
