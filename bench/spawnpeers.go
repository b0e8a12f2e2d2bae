package main

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// spawningPeer is a spawning server that starts processes in one way.
type spawningPeer struct {
	name    string
	server  *server
	missing func() error // nil: it is always there
}

func spawningPeers() []spawningPeer {
	all := []spawningPeer{
		{name: "brood", server: broodServer()},
		{name: "os/exec", server: goServer("os/exec")},
		{name: "posix_spawn", server: posixSpawnServer(), missing: func() error {
			_, err := posixSpawnProgram()
			return err
		}},
	}
	for _, name := range []string{"node", "bun"} {
		r := runtimeOf(name)
		all = append(all, spawningPeer{name: name, missing: r.missing, server: &server{command: func(dir string) *exec.Cmd {
			return scriptServer(r.command()...).command(dir)
		}}})
	}
	return all
}

// posixSpawnProgram compiles peers/posix_spawn.c.
var posixSpawnProgram = sync.OnceValues(func() ([]string, error) {
	return compile("posix_spawn", "cc", peerSource("posix_spawn.c"), "-O2")
})

func posixSpawnServer() *server {
	return &server{command: func(string) *exec.Cmd {
		command, err := posixSpawnProgram()
		check(err)
		return scriptCommand(command, nop())
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
