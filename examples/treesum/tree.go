package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// A tree is the regular files below a directory, sorted by path.
type tree struct {
	dir    string
	files  []*file
	bytes  int64   // of all files, by their directory entries
	broken []error // of directories that could not be walked
}

// A file is one of them, and after its hashing either sum or err is set.
type file struct {
	path string // below tree.dir
	sum  string // hexadecimal
	err  error
	read int64 // bytes so far
}

// walk finds the files. It fails only for dir itself: an error further down does not keep the rest
// from being hashed. No loop is running yet, so a signal ends the program here as it
// ends any other.
func walk(dir string) (*tree, error) {
	t := &tree{dir: dir}
	// So a link to a directory is followed, and a file is an error.
	root := dir + string(filepath.Separator)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			err = t.add(path, d)
		}
		if err != nil && path != root {
			t.broken = append(t.broken, err)
			err = nil
		}
		return err
	})
	slices.SortFunc(t.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	return t, err
}

func (t *tree) add(path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if path, err = filepath.Rel(t.dir, path); err != nil {
		return err
	}
	t.files = append(t.files, &file{path: path})
	t.bytes += info.Size()
	return nil
}

// hashed returns the files that have a sum.
func (t *tree) hashed() []*file {
	return slices.DeleteFunc(slices.Clone(t.files), func(f *file) bool { return f.err != nil })
}

// errors joins the errors of the walk and of the files, nil if there are none.
func (t *tree) errors() error {
	all := slices.Clone(t.broken)
	for _, f := range t.files {
		if f.err != nil {
			all = append(all, fmt.Errorf("%s: %w", filepath.Join(t.dir, f.path), f.err))
		}
	}
	return errors.Join(all...)
}

// list writes a line for each hashed file, as sha256sum does.
func (t *tree) list(w io.Writer) error {
	out := bufio.NewWriter(w) // It keeps the first error for Flush.
	for _, f := range t.hashed() {
		escaped := ""
		if name := escape.Replace(f.path); name != f.path {
			escaped = `\`
		}
		fmt.Fprintf(out, "%s%s  %s\n", escaped, f.sum, escape.Replace(f.path))
	}
	return out.Flush()
}

// escape writes a name that would not fit on a line as sha256sum does, which then begins the line
// with a backslash.
var escape = strings.NewReplacer("\\", `\\`, "\n", `\n`, "\r", `\r`)
