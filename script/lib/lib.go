// Package lib is the part of the host's library that is JavaScript: the files beside this one, compiled.
package lib

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/brood-go/brood/script/engine"
)

//go:generate go run ./compile

//go:embed library.bin
var compiled []byte

// Modules returns the bytecode of each module by its name, as Bundle has put it together. A module is a function of
// (exports, require, module, internalBinding).
func Modules() (map[string][]byte, error) { return unbundle(compiled) }

// Compile compiles all of a tree of .js files. The name of each module is its path without .js.
func Compile(sources fs.FS) (modules map[string][]byte, err error) {
	e, err := engine.New(nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	e.StripSource()
	modules = map[string][]byte{}
	err = fs.WalkDir(sources, ".", func(path string, entry fs.DirEntry, err error) error {
		name, isScript := strings.CutSuffix(path, ".js")
		if err != nil || entry.IsDir() || !isScript {
			return err
		}
		source, err := fs.ReadFile(sources, path)
		if err != nil {
			return err
		}
		return e.Do(func(s *engine.Scope) error {
			// The function begins on the file's first line, so that lines in stack traces are those of the file.
			modules[name], err = s.Compile("node:"+name, "(function (exports, require, module, internalBinding) {"+string(source)+"\n})")
			return err
		})
	})
	return modules, err
}

// Bundle puts modules together: for each, in the order of names, the lengths of its name and code, and both.
func Bundle(modules map[string][]byte) (b []byte) {
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = binary.AppendUvarint(b, uint64(len(modules[name])))
		b = append(b, modules[name]...)
	}
	return b
}

func unbundle(b []byte) (map[string][]byte, error) {
	modules := map[string][]byte{}
	for len(b) > 0 {
		var parts [2][]byte
		for i := range parts {
			n, size := binary.Uvarint(b)
			if size <= 0 || uint64(len(b)-size) < n {
				return nil, fmt.Errorf("lib: library.bin is cut off")
			}
			parts[i], b = b[size:size+int(n)], b[size+int(n):]
		}
		modules[string(parts[0])] = parts[1]
	}
	return modules, nil
}
