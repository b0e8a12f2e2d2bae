//go:build amd64 || arm64

package process_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A tinyProgram is the machine code of a program that makes one system call and nothing else. No
// loader and no runtime opens, ignores or blocks anything before the test can look.
type tinyProgram []byte

// newProgram writes p to a new file that every user may execute.
func (p tinyProgram) newProgram(t testing.TB) (file string) {
	t.Helper()
	file = filepath.Join(publicDir(t), "tiny")
	p.write(t, file)
	return file
}

func (p tinyProgram) write(t testing.TB, file string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, p.image(), 0o755))
}

// image is an ELF file with one segment, which is the whole file.
func (p tinyProgram) image() []byte {
	const start, headers = 0x400000, 64 + 56
	var b bytes.Buffer
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(tinyMachine),
		Version: uint32(elf.EV_CURRENT),
		Entry:   start + headers,
		Phoff:   64,
		Ehsize:  64, Phentsize: 56, Phnum: 1,
	}
	size := uint64(headers + len(p))
	segment := elf.Prog64{
		Type:   uint32(elf.PT_LOAD),
		Flags:  uint32(elf.PF_R | elf.PF_X),
		Vaddr:  start,
		Filesz: size, Memsz: size,
		Align: 0x1000,
	}
	for _, part := range []any{header, segment, []byte(p)} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// publicDir returns a new directory that every user may enter, unlike t.TempDir.
func publicDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "process")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}
