package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// spawningPeer is a way to start processes, in a spawning server.
type spawningPeer struct {
	name   string
	server *server
}

// spawningPeers are brood, os/exec, and those of the others that are installed.
func spawningPeers() []spawningPeer {
	all := []spawningPeer{{"brood", broodServer()}, {"os/exec", goServer("os/exec")}}
	if cc, ok := findPeer("cc"); ok {
		all = append(all, spawningPeer{"posix_spawn", posixSpawnServer(cc)})
	}
	for _, name := range []string{"node", "bun"} {
		if file, ok := findPeer(name); ok {
			all = append(all, spawningPeer{name, scriptServer(file)})
		}
	}
	return all
}

//go:embed peers/posix_spawn.c
var posixSpawnSource []byte

// posixSpawnServer compiles peers/posix_spawn.c.
func posixSpawnServer(cc string) *server {
	return &server{command: func(dir string) *exec.Cmd {
		source, file := filepath.Join(dir, "posix_spawn.c"), filepath.Join(dir, "posix_spawn")
		check(os.WriteFile(source, posixSpawnSource, 0o644))
		if out, err := exec.Command(cc, "-O2", "-o", file, source).CombinedOutput(); err != nil {
			fatal(fmt.Errorf("%s: %w\n%s", cc, err, out))
		}
		return exec.Command(file, nop())
	}}
}

//go:embed peers/spawn.cjs
var spawnScript []byte

// scriptServer runs peers/spawn.cjs by a program with arguments of its own.
func scriptServer(command ...string) *server {
	return &server{command: func(dir string) *exec.Cmd {
		script := filepath.Join(dir, "spawn.cjs")
		check(os.WriteFile(script, spawnScript, 0o644))
		return scriptCommand(command, script, nop(), self())
	}}
}
