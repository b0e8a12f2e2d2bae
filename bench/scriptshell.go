package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed peers/shell.mjs
var shellScript []byte

// scriptShell runs a program n times in the way that each runtime, or a package from npm, has for
// scripts that start programs. The program is named by its path, because Bun's shell has a built-in
// true, which starts nothing.
func scriptShell(name string, n, inFlight int) scenario {
	s := scenario{name: "script $, " + name, unit: "child", ops: float64(n)}
	for _, way := range []struct {
		name, runtime, way string
		targets            []target
	}{
		{name: "node execFile", runtime: "node", way: "execFile"},
		{name: "brood $", runtime: "brood", way: "brood", targets: []target{{"node execFile", 0.25}, {"bun $", 1}, {"zx", 1}}},
		{name: "bun $", runtime: "bun", way: "bun"},
		{name: "zx", runtime: "node", way: "zx"},
		{name: "execa", runtime: "node", way: "execa"},
	} {
		r := runtimeOf(way.runtime)
		p := &server{command: func(dir string) *exec.Cmd {
			script := filepath.Join(dir, "shell.mjs")
			check(os.WriteFile(script, shellScript, 0o644))
			check(os.Symlink(npmModules(), filepath.Join(dir, "node_modules")))
			return scriptCommand(r.command(), script, way.way, nop())
		}}
		s.contestants = append(s.contestants, contestant{
			name: way.name, missing: r.missingServer(p), elsewhere: true, close: p.close, targets: way.targets,
			run: func() time.Duration { return time.Duration(p.ask("run %d %d", n, inFlight)) },
		})
	}
	return s
}

func runtimeOf(name string) *scriptRuntime {
	for _, r := range scriptRuntimes {
		if r.name == name {
			return r
		}
	}
	panic(fmt.Sprintf("bench: runtime %q", name))
}
