//go:build unix

package process_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/process"
)

// elfFile is a made-up executable with one program header of each type. The last one names the
// loader.
func elfFile(t testing.TB, class elf.Class, loader string) []byte {
	t.Helper()
	var b bytes.Buffer
	write := func(v any) { require.NoError(t, binary.Write(&b, binary.NativeEndian, v)) }
	ident := [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(class), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)}
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		ident[elf.EI_DATA] = byte(elf.ELFDATA2MSB)
	}
	types := []elf.ProgType{elf.PT_PHDR, elf.PT_LOAD, elf.PT_INTERP}
	size := len(loader) + 1
	if class == elf.ELFCLASS32 {
		write(elf.Header32{Ident: ident, Type: uint16(elf.ET_DYN), Version: 1, Phoff: 52, Ehsize: 52, Phentsize: 32, Phnum: 3})
		for _, typ := range types {
			write(elf.Prog32{Type: uint32(typ), Off: 52 + 3*32, Filesz: uint32(size)})
		}
	} else {
		write(elf.Header64{Ident: ident, Type: uint16(elf.ET_DYN), Version: 1, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 3})
		for _, typ := range types {
			write(elf.Prog64{Type: uint32(typ), Off: 64 + 3*56, Filesz: uint64(size)})
		}
	}
	b.WriteString(loader + "\x00")
	return b.Bytes()
}

// elfLoader is the loader of an executable according to debug/elf.
func elfLoader(t testing.TB, file *os.File) string {
	t.Helper()
	image, err := elf.NewFile(file)
	if err != nil {
		return "" // It is no ELF file.
	}
	for _, p := range image.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, p.Filesz)
			_, err := p.ReadAt(name, 0)
			require.NoError(t, err)
			return strings.TrimRight(string(name), "\x00")
		}
	}
	return ""
}

func TestTheLoaderOfAnExecutableIsFound(t *testing.T) {
	for _, class := range []elf.Class{elf.ELFCLASS32, elf.ELFCLASS64} {
		require.Equal(t, "/lib/ld.so", process.Loader(bytes.NewReader(elfFile(t, class, "/lib/ld.so"))), class)
	}
	self, err := os.Executable()
	require.NoError(t, err)
	for _, path := range []string{self, "/bin/sh", "/bin/ls", "/etc/passwd"} {
		file, err := os.Open(path)
		require.NoError(t, err)
		require.Equal(t, elfLoader(t, file), process.Loader(file), path)
		require.NoError(t, file.Close())
	}
}

// A broken file has no loader, and loader takes no more memory for it than the kernel would.
func TestABrokenExecutableHasNoLoader(t *testing.T) {
	set := func(p []byte, at int, value any) []byte {
		p = slices.Clone(p)
		_, err := binary.Encode(p[at:], binary.NativeEndian, value)
		require.NoError(t, err)
		return p
	}
	good := elfFile(t, elf.ELFCLASS64, "/lib/ld.so")
	const interp = 64 + 2*56
	// The file is whole, and the name of the loader is in it.
	longTable := slices.Concat(set(set(good, 56, uint16(2000)), 32, uint64(len(good))),
		make([]byte, 1999*56), good[interp:interp+56])
	for name, file := range map[string][]byte{
		"empty":                   nil,
		"script":                  []byte("#!/bin/sh\n"),
		"header cut":              good[:63],
		"table cut":               good[:interp+10],
		"name cut":                good[:len(good)-1],
		"size of entries":         set(good, 54, uint16(57)),
		"table behind the end":    set(good, 32, uint64(len(good))),
		"table at a negative one": set(good, 32, uint64(math.MaxUint64)),
		"too many headers":        set(good, 56, uint16(math.MaxUint16)),
		"a table over 64 KiB":     longTable,
		"endless name":            set(good, interp+32, uint64(math.MaxUint64)),
		"name behind the end":     set(good, interp+8, uint64(len(good))),
	} {
		require.Empty(t, process.Loader(bytes.NewReader(file)), name)
	}
	for n := range good {
		process.Loader(bytes.NewReader(good[:n]))
	}
}
