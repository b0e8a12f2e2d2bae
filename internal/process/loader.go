//go:build unix

package process

import (
	"encoding/binary"
	"io"
	"strings"
)

// elfClass says where an ELF file of 32 or 64 bits has the fields that loader reads, in bytes, see
// elf(5). Package debug/elf knows all fields, but it would be a tenth of a small program for the
// sake of an error's text.
type elfClass struct {
	header int // size of the header
	// offsets in the header: of the program headers' offset, size, number
	table, entrySize, number int
	entry                    int // size of a program header
	offset, size             int // offsets in a program header
	word                     func([]byte) uint64
}

var (
	elf32 = elfClass{52, 28, 42, 44, 32, 4, 16, func(p []byte) uint64 { return uint64(binary.NativeEndian.Uint32(p)) }}
	elf64 = elfClass{64, 32, 54, 56, 56, 8, 32, binary.NativeEndian.Uint64}
)

const (
	elfMagic     = "\x7fELF"
	elfClassByte = len(elfMagic) // 1: 32 bits, 2: 64
	elfInterp    = 3             // PT_INTERP

	// Linux reads no larger table and no longer name.
	maxElfTable  = 64 << 10
	maxElfInterp = 4096
)

// loader returns the dynamic loader that an executable asks for; "" if f asks for none, is no ELF
// file, or has the other byte order, which the kernel does not execute.
func loader(f io.ReaderAt) string {
	var header [64]byte
	n, _ := f.ReadAt(header[:], 0)
	class := elf64
	switch {
	case n < elf32.header || string(header[:len(elfMagic)]) != elfMagic:
		return ""
	case header[elfClassByte] == 1:
		class = elf32
	case n < elf64.header:
		return ""
	}
	number := int(binary.NativeEndian.Uint16(header[class.number:]))
	if int(binary.NativeEndian.Uint16(header[class.entrySize:])) != class.entry || number*class.entry > maxElfTable {
		return ""
	}
	table := make([]byte, number*class.entry)
	if _, err := f.ReadAt(table, int64(class.word(header[class.table:]))); err != nil {
		return ""
	}
	for ; len(table) > 0; table = table[class.entry:] {
		if binary.NativeEndian.Uint32(table) != elfInterp {
			continue
		}
		size := class.word(table[class.size:])
		if size > maxElfInterp {
			return ""
		}
		name := make([]byte, size)
		if _, err := f.ReadAt(name, int64(class.word(table[class.offset:]))); err != nil {
			return ""
		}
		return strings.TrimRight(string(name), "\x00")
	}
	return ""
}
