package main

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// nop returns a program that does nothing, as small as a program can be: starting it measures no
// dynamic loader. On other systems it is true(1).
var nop = sync.OnceValue(func() string {
	if givenNop != "" {
		return givenNop
	}
	code, ok := exitCode[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		file, err := exec.LookPath("true")
		check(err)
		return file
	}
	dir, err := os.MkdirTemp("", "brood-bench")
	check(err)
	file := filepath.Join(dir, "nop")
	check(os.WriteFile(file, elf(code), 0o755))
	return file
})

// givenNop and givenSleeper are the programs that the parent process has made; empty: nop and
// sleeper make them. They are set before the first call of those.
var givenNop, givenSleeper string

// removeNop deletes the folder that nop has made.
func removeNop() {
	if dir := filepath.Dir(nop()); filepath.Base(nop()) == "nop" {
		check(os.RemoveAll(dir))
	}
}

// exitCode is exit_group(0) in machine code, and the ELF machine number.
var exitCode = map[string]struct {
	machine uint16
	code    []byte
}{
	"linux/amd64": {62, []byte{0x31, 0xff, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05}},
	"linux/arm64": {183, []byte{0, 0, 0x80, 0xd2, 0xc8, 0x0b, 0x80, 0xd2, 1, 0, 0, 0xd4}},
}

// elf returns an executable with one segment.
func elf(p struct {
	machine uint16
	code    []byte
}) []byte {
	const base, header, segment = 0x400000, 64, 56
	le := binary.LittleEndian
	b := []byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	b = le.AppendUint16(b, 2) // ET_EXEC
	b = le.AppendUint16(b, p.machine)
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, base+header+segment) // entry
	b = le.AppendUint64(b, header)              // program headers
	b = le.AppendUint64(b, 0)
	b = le.AppendUint32(b, 0)
	for _, v := range []uint16{header, segment, 1, 0, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	size := uint64(header + segment + len(p.code))
	b = le.AppendUint32(b, 1) // PT_LOAD
	b = le.AppendUint32(b, 5) // readable, executable
	for _, v := range []uint64{0, base, base, size, size, 0x1000} {
		b = le.AppendUint64(b, v)
	}
	return append(b, p.code...)
}
