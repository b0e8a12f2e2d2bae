package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/brood-go/brood/reactor"
)

// A tree is the regular files below a directory, sorted by path.
type tree struct {
	dir    string
	files  []file
	bytes  int64   // of all files, by their directory entries
	broken []error // what could not be walked
}

// A file is one of them, and after its hashing either sum or err is set.
type file struct {
	path string // below tree.dir, with slashes
	size int64
	sum  string // hexadecimal
	err  error
	read int64 // bytes so far
}

// walk finds the files. It waits for the disk, so it is done on another goroutine, and the loop stays free to see a
// signal.
func walk(loop *reactor.Loop, dir string, stop *interrupt) (*tree, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var result *tree
	var failed error
	release := loop.Hold()
	// It ends with the walk, which ctx ends early. The loop waits for it: release comes last.
	go func() {
		defer release()
		t, err := readTree(ctx, dir)
		// Nothing can be lost: the loop, being held, is not closed.
		_ = loop.Post(func() { result, failed = t, err })
	}()
	if err := stop.during(loop, cancel); err != nil {
		return nil, err
	}
	return result, failed
}

// readTree fails only for the directory itself: what is wrong further down does not keep the rest from being hashed.
func readTree(ctx context.Context, dir string) (*tree, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return nil, &fs.PathError{Op: "walk", Path: dir, Err: syscall.ENOTDIR}
	}
	t := &tree{dir: dir}
	root := dir + string(filepath.Separator) // With it a link to a directory is followed.
	// Not fs.WalkDir: for package fs a name has to be UTF-8.
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && d.Type().IsRegular() {
			err = t.add(path, d)
		}
		if err != nil {
			err = cleanPath(err)
			if path == root {
				return err
			}
			t.broken = append(t.broken, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(t.files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return t, nil
}

func (t *tree) add(path string, d fs.DirEntry) error {
	info, err := d.Info()
	if err != nil {
		return err
	}
	if path, err = filepath.Rel(t.dir, path); err != nil {
		return err
	}
	t.files = append(t.files, file{path: filepath.ToSlash(path), size: info.Size()})
	t.bytes += info.Size()
	return nil
}

// cleanPath takes the separator off the path of an error about the root.
func cleanPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: e.Op, Path: filepath.Clean(e.Path), Err: e.Err}
	}
	return err
}

// errors returns what went wrong, in the order of the paths.
func (t *tree) errors() []error {
	list := slices.Clone(t.broken)
	for _, f := range t.files {
		if f.err != nil {
			list = append(list, fmt.Errorf("%s: %w", filepath.Join(t.dir, f.path), f.err))
		}
	}
	return list
}

// sample returns at most n hashed files, evenly spread.
func (t *tree) sample(n int) []file {
	var hashed []file
	for _, f := range t.files {
		if f.err == nil {
			hashed = append(hashed, f)
		}
	}
	n = min(n, len(hashed))
	sample := make([]file, n)
	for i := range sample {
		sample[i] = hashed[i*len(hashed)/n]
	}
	return sample
}
