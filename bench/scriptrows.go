package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// scriptScenarios compare the command brood with the other runtimes. The first contestant is Node,
// if it is installed.
func scriptScenarios(n func(int) int) []scenario {
	all := []scenario{
		scriptHello(n(20)),
		scriptPeak(n(5)),
		scriptOrder("spawn to close, one at a time", "child", n(200), ahead, "spawn %d"),
		scriptOrder("spawnSync", "child", n(200), ahead, "spawnSync %d"),
		scriptOrder("execFile, 64 in flight", "child", n(384), nil, "execFile %d 64"),
		scriptStdout(n(64 << 20)),
		scriptMemory(n(1000)),
		scriptShell("one at a time", n(100), 1),
		scriptShell("64 in flight", n(384), 64),
	}
	return append(all, scriptIPC(n)...)
}

// ahead is the target of brood in rows where it must be ahead of Node.
var ahead = []target{{"node", 1}}

// setBroodTargets sets the targets of the contestant brood.
func setBroodTargets(s scenario, targets []target) scenario {
	for i := range s.contestants {
		if s.contestants[i].name == "brood" {
			s.contestants[i].targets = targets
		}
	}
	return s
}

// helloScript writes a script that every runtime takes for CommonJS, by its name.
func helloScript(dir string) (file string) {
	file = filepath.Join(dir, "hello.cjs")
	check(os.WriteFile(file, []byte("console.log('hello');\n"), 0o644))
	return file
}

// scriptHello runs a script that prints a word, n times. It measures from the start to the exit of
// the process.
func scriptHello(n int) scenario {
	s := scenario{name: "script hello, start to end", unit: "script", ops: float64(n)}
	for _, r := range scriptRuntimes {
		s.contestants = append(s.contestants, contestant{
			name: r.name, missing: r.missing, elsewhere: true,
			run: func() time.Duration {
				dir, err := os.MkdirTemp("", "brood-bench")
				check(err)
				defer func() { check(os.RemoveAll(dir)) }()
				script, command := helloScript(dir), r.command()
				start := time.Now()
				for range n {
					out, err := scriptCommand(command, script).Output()
					check(err)
					mustEqual(len(out), len("hello\n"))
				}
				return time.Since(start)
			},
		})
	}
	s = setBroodTargets(s, []target{{"node", 1.2}, {"bun", 1.2}, {"deno", 1.2}})
	if i := s.index("brood"); i >= 0 {
		s.contestants[i].because = "some 750 page faults of a Go program and its engine, and a millisecond to initialize its packages for TypeScript, zstd and Brotli"
	}
	return s
}

// scriptPeak measures the peak of memory of such a script, by peakServer.
func scriptPeak(n int) scenario {
	s := scenario{name: "script hello, peak memory", unit: "script", ops: float64(n), size: true}
	for _, r := range scriptRuntimes {
		p := &server{command: func(dir string) *exec.Cmd {
			return scriptCommand([]string{self(), "-child-peak"}, append(r.command(), helloScript(dir))...)
		}}
		s.contestants = append(s.contestants, contestant{
			name: r.name, missing: r.missing, elsewhere: true, close: p.close,
			run: func() time.Duration { return time.Duration(p.ask("peak %d", n)) },
		})
	}
	return setBroodTargets(s, []target{{"node", 0.5}})
}

// scriptOrder gives an order for n children to a spawning server in each runtime.
func scriptOrder(name, unit string, n int, targets []target, order string) scenario {
	s := scenario{name: "script " + name, unit: unit, ops: float64(n)}
	for _, r := range scriptRuntimes {
		p := &server{command: func(dir string) *exec.Cmd { return scriptServer(r.command()...).command(dir) }}
		s.contestants = append(s.contestants, contestant{
			name: r.name, missing: r.missingServer(p), elsewhere: true, close: p.close,
			run: func() time.Duration { return time.Duration(p.ask(order, n)) },
		})
	}
	return setBroodTargets(s, targets)
}

// missingServer returns a function that says why a process run by r cannot be measured.
func (r *scriptRuntime) missingServer(p *server) func() error {
	return func() error {
		if err := r.missing(); err != nil {
			return err
		}
		return p.missing()
	}
}

// scriptStdout reads a child's output with a 'data' listener.
func scriptStdout(bytes int) scenario {
	s := scriptOrder("read a child's stdout", "MiB", bytes, nil, "stdout %d")
	s.ops = float64(bytes) / (1 << 20)
	return s
}

// scriptMemory starts n children in each runtime, one after the other, and measures its memory.
// brood is also measured after five times as many. Each measurement has a process of its own.
func scriptMemory(n int) scenario {
	s := scenario{name: "script memory, many spawns", unit: "process", ops: 1, size: true, few: true}
	for _, r := range scriptRuntimes {
		p := &server{command: func(dir string) *exec.Cmd { return scriptServer(r.command()...).command(dir) }}
		after := func(children int, targets ...target) {
			s.contestants = append(s.contestants, contestant{
				name: fmt.Sprintf("%s, after %d", r.name, children), missing: r.missingServer(p), elsewhere: true, targets: targets,
				warmUp: func() {}, setUp: func() (tearDown func()) { return p.close },
				run: func() time.Duration {
					p.ask("spawn %d", children)
					return time.Duration(residentMemory(p.cmd.Process.Pid))
				},
			})
		}
		after(n)
		if r.name == "brood" {
			after(5*n, target{s.contestants[len(s.contestants)-1].name, 1.1})
		}
	}
	return s
}

// residentMemory returns the resident memory of a process in bytes.
func residentMemory(pid int) int64 { return memoryOf(pid, "VmRSS") }

// memoryOf returns a figure of /proc/PID/status in bytes.
func memoryOf(pid int, figure string) int64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	check(err)
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, figure+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			check(err)
			return kib << 10
		}
	}
	fatal(fmt.Errorf("process %d has no %s", pid, figure))
	return 0
}
