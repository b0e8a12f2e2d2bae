// Package lib is the part of the host's library that is written in JavaScript: the compiled files
// of this directory.
package lib

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/brood-go/brood/script/engine"
)

//go:generate go run ./compile

//go:embed library.bin
var compiled string

// Module returns the bytecode of a module, "" if there is none of that name. It evaluates to a
// function of (exports, require, module, internalBinding). Safe to call from any goroutine.
func Module(name string) (code string) { return find(compiled, name) }

// Compile compiles a tree of .js files. It returns the bytecode of each module by its name: its
// path without .js.
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
			// The function begins on the file's first line, so lines in stack traces are those of
			// the file.
			modules[name],
				err = s.Compile("node:"+name, "(function (exports, require, module, internalBinding) {"+string(source)+"\n})")
			return err
		})
	})
	return modules, err
}

// A bundle is a table of modules in the order of their names, followed by all names, and then by
// the code of all modules. Finding one reads only a few pages of the library, most of which is
// never used.

// The table begins with the number of its entries. An entry is four 32-bit numbers: offset and
// length of the name, offset and length of the code. Sizes in bytes.
const (
	countSize = 4
	entrySize = 16
)

// Bundle returns the bundle of modules.
func Bundle(modules map[string][]byte) []byte {
	names := slices.Sorted(maps.Keys(modules))
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(names)))
	name := countSize + entrySize*len(names)
	code := name + len(strings.Join(names, ""))
	for _, one := range names {
		for _, n := range []int{name, len(one), code, len(modules[one])} {
			b = binary.LittleEndian.AppendUint32(b, uint32(n))
		}
		name += len(one)
		code += len(modules[one])
	}
	b = append(b, strings.Join(names, "")...)
	for _, one := range names {
		b = append(b, modules[one]...)
	}
	return b
}

// find returns the code of a module, "" if there is none of that name.
func find(bundle, name string) (code string) {
	number := func(at int) int { return int(binary.LittleEndian.Uint32([]byte(bundle[at : at+4]))) }
	part := func(i, place int) string {
		at := countSize + entrySize*i + place
		start := number(at)
		return bundle[start : start+number(at+4)]
	}
	i, ok := sort.Find(number(0), func(i int) int { return strings.Compare(name, part(i, 0)) })
	if !ok {
		return ""
	}
	return part(i, entrySize/2)
}
