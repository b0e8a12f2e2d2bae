package host

import (
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// listDirectory returns the entries of a directory; if recursive, also those of the directories in
// it, by their paths from dir.
func listDirectory(dir string, recursive, asBytes bool) (any, error) {
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

// add adds the entries of a directory inside dir, in the system's order.
func (l *listing) add(dir, inside string) error {
	path := dir
	if inside != "" {
		path = dir + "/" + inside // not filepath.Join: dir may have .. after a link
	}
	// O_DIRECTORY, because opening a pipe would wait for its other end.
	var fd int
	err := retry(func() (err error) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return onPath("scandir", err, path)
	}
	f := os.NewFile(uintptr(fd), path)
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
			return onPath("scandir", errnoOf(err), path)
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

// makeDirectory makes a directory; if recursive, also its missing parents. If recursive, it returns
// the first directory that it made, or nil.
func makeDirectory(path string, mode uint32, recursive bool) (any, error) {
	if !recursive {
		return nil, onPath("mkdir", unix.Mkdir(path, mode), path)
	}
	var missing []string
	at := path // not cleaned: for a/../b, a is made, too
	for {
		err := unix.Mkdir(at, mode)
		if err == nil {
			break
		}
		if parent := parentOf(at); err == unix.ENOENT && parent != at {
			missing = append(missing, at)
			at = parent
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
			return nil, onPath("mkdir", unix.ENOTDIR, path)
		case statErr != nil:
			return nil, onPath("mkdir", errnoOf(statErr), path)
		default:
			return nil, onPath("mkdir", err, path)
		}
		break
	}
	first := at
	for i := len(missing) - 1; i >= 0; i-- {
		if err := unix.Mkdir(missing[i], mode); err != nil && err != unix.EEXIST {
			return nil, onPath("mkdir", err, path)
		}
		if first == "" {
			first = missing[i]
		}
	}
	return []byte(first), nil
}

// parentOf returns the path without its last name.
func parentOf(path string) string {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/')
	switch parent := strings.TrimRight(path[:i+1], "/"); {
	case parent != "":
		return parent
	case i >= 0 || path == "":
		return "/"
	}
	return "."
}
