package main

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed peers/ipc.cjs
var ipcScript []byte

// writeScript writes peers/ipc.cjs to a file for a JavaScript runtime.
func writeScript(dir string) (file string) {
	file = filepath.Join(dir, "ipc.cjs")
	check(os.WriteFile(file, ipcScript, 0o644))
	return file
}

// scriptPair is two processes of a JavaScript runtime. The parent measures the time.
type scriptPair struct{ server }

// newScriptPair serializes messages by that option of fork, "json" or "advanced".
func newScriptPair(serialization string, command ...string) *scriptPair {
	return &scriptPair{server{command: func(dir string) *exec.Cmd {
		return scriptCommand(command, writeScript(dir), "parent", serialization)
	}}}
}

// ipcCommand returns the command of a runtime for a script that may fork.
func ipcCommand(name string) (command []string, ok bool) {
	file, ok := findPeer(name)
	if name == "deno" {
		return []string{file, "run", "--allow-all"}, ok
	}
	return []string{file}, ok
}

func (p *scriptPair) echo(n int, like *ipcMessage) time.Duration   { return p.do("echo", n, like) }
func (p *scriptPair) source(n int, like *ipcMessage) time.Duration { return p.do("source", n, like) }

func (p *scriptPair) handles(n int) time.Duration { return p.do("handles", n, new(ipcMessage)) }

func (p *scriptPair) pids() (parent, child int) {
	child = int(p.do("pid", 0, new(ipcMessage)))
	return p.cmd.Process.Pid, child
}

// do returns the answer to a job.
func (p *scriptPair) do(job string, n int, like *ipcMessage) time.Duration {
	m, err := json.Marshal(like)
	check(err)
	return time.Duration(p.ask("%s %d %s", job, n, m))
}
