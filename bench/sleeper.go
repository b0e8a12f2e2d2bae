package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
)

// sleeper returns a program that waits for the end of its stdin, as small as a program can be: its
// exit takes no time except the system's. On other systems it is cat(1).
var sleeper = sync.OnceValue(func() string {
	if givenSleeper != "" {
		return givenSleeper
	}
	p, known := exitCode[runtime.GOOS+"/"+runtime.GOARCH]
	read, ok := readCode[runtime.GOARCH]
	if !known || !ok {
		file, err := exec.LookPath("cat")
		check(err)
		return file
	}
	p.code = slices.Concat(read, p.code)
	file := filepath.Join(filepath.Dir(nop()), "sleeper") // It is deleted with nop.
	check(os.WriteFile(file, elf(p), 0o755))
	return file
})

// readCode is read(0, sp, 1) on Linux, in machine code.
var readCode = map[string][]byte{
	"amd64": {0x31, 0xc0, 0x31, 0xff, 0x48, 0x89, 0xe6, 0xba, 1, 0, 0, 0, 0x0f, 0x05},
	"arm64": {0, 0, 0x80, 0xd2, 0xe1, 0x03, 0, 0x91, 0x22, 0, 0x80, 0xd2, 0xe8, 0x07, 0x80, 0xd2, 0x01, 0, 0, 0xd4},
}
