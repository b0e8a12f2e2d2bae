package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/brood-go/brood/childprocess"
)

// outputWay is a way to run a program to its end and return its stdout.
type outputWay struct {
	name    string
	targets []target
	output  func(file string, args []string) []byte
}

var outputWays = []outputWay{
	{"os/exec", nil, func(file string, args []string) []byte {
		out, err := exec.Command(file, args...).Output()
		check(err)
		return out
	}},
	{"brood SpawnSync", outputTargets, func(file string, args []string) []byte {
		r := childprocess.SpawnSync(file, args, nil)
		check(r.Err)
		return r.Stdout
	}},
	{"brood Output", outputTargets, func(file string, args []string) []byte {
		out, err := childprocess.Output(context.Background(), file, args...)
		check(err)
		return out
	}},
}

var outputTargets = []target{{"os/exec", 0.80}}

// syncOutput runs a program to its end for its output, n times, on some goroutines at the same
// time.
func syncOutput(name string, program func() []string, want, n, goroutines int) scenario {
	s := scenario{name: name, unit: "child", ops: float64(n), rounds: spawnRounds}
	for _, way := range outputWays {
		s.contestants = append(s.contestants, contestant{
			name: way.name, targets: way.targets, because: becauseKernel,
			run: func() time.Duration { return outputs(program(), want, n, goroutines, way.output) },
		})
	}
	return s
}

func outputs(program []string, want, n, goroutines int, output func(file string, args []string) []byte) time.Duration {
	tokens := make(chan struct{}, n)
	for range n {
		tokens <- struct{}{}
	}
	close(tokens)
	var wg sync.WaitGroup
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			for range tokens {
				mustEqual(len(output(program[0], program[1:])), want)
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// writerOutput is the number of bytes that writer writes.
const writerOutput = 64 << 10

// writer returns a program that writes to its stdout and does nothing else. If it cannot be made as
// small as nop, it is head(1).
var writer = sync.OnceValue(func() []string {
	if filepath.Base(nop()) != "nop" || runtime.GOARCH != "amd64" {
		return []string{"head", "-c", strconv.Itoa(writerOutput), "/dev/zero"}
	}
	p := exitCode["linux/amd64"]
	p.code = append(write16Pages, p.code...)
	file := filepath.Join(filepath.Dir(nop()), "writer") // It is deleted with nop.
	check(os.WriteFile(file, elf(p), 0o755))
	return []string{file}
})

// write16Pages calls write(1, 0x400000, 4096) 16 times. It writes its own page.
var write16Pages = []byte{
	0xbb, 16, 0, 0, 0, // mov ebx, 16
	0xb8, 1, 0, 0, 0, // again: mov eax, SYS_write
	0xbf, 1, 0, 0, 0, // mov edi, 1
	0xbe, 0, 0, 0x40, 0, // mov esi, 0x400000
	0xba, 0, 0x10, 0, 0, // mov edx, 4096
	0x0f, 0x05, // syscall
	0xff, 0xcb, // dec ebx
	0x75, 0xe6, // jnz again
}

func nothing() []string { return []string{nop()} }
