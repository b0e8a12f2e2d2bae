package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed peers/ipc.js
var ipcScript []byte

// writeScript writes peers/ipc.js where a JavaScript runtime finds it.
func writeScript() (file string, remove func()) {
	dir, err := os.MkdirTemp("", "brood-bench")
	check(err)
	file = filepath.Join(dir, "ipc.js")
	check(os.WriteFile(file, ipcScript, 0o644))
	return file, func() { check(os.RemoveAll(dir)) }
}

// findPeer returns the file of a program that may not be installed.
func findPeer(name string) (file string, ok bool) {
	file, err := exec.LookPath(name)
	return file, err == nil
}

// reportMissing says which peers are left out.
func reportMissing(names ...string) {
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Fprintf(os.Stderr, "without %s: %v\n", name, err)
		}
	}
}

// scriptPair is two processes of a JavaScript runtime. The one that is the parent takes the time.
type scriptPair struct {
	cmd       *exec.Cmd
	orders    io.WriteCloser
	answers   *bufio.Reader
	removeDir func()
}

func newScriptPair(runtime string) *scriptPair {
	script, removeDir := writeScript()
	cmd := exec.Command(runtime, script, "parent")
	cmd.Stderr = os.Stderr
	orders, err := cmd.StdinPipe()
	check(err)
	answers, err := cmd.StdoutPipe()
	check(err)
	check(cmd.Start())
	return &scriptPair{cmd, orders, bufio.NewReader(answers), removeDir}
}

func (p *scriptPair) echo(n int, like *ipcMessage) time.Duration   { return p.do("echo", n, like) }
func (p *scriptPair) source(n int, like *ipcMessage) time.Duration { return p.do("source", n, like) }

func (p *scriptPair) pids() (parent, child int) {
	return p.cmd.Process.Pid, int(p.do("pid", 0, new(ipcMessage)))
}

// do returns what the job has answered.
func (p *scriptPair) do(job string, n int, like *ipcMessage) time.Duration {
	m, err := json.Marshal(like)
	check(err)
	_, err = fmt.Fprintf(p.orders, "%s %d %s\n", job, n, m)
	check(err)
	answer, err := p.answers.ReadString('\n')
	check(err)
	ns, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
	check(err)
	return time.Duration(ns)
}

func (p *scriptPair) close() {
	check(p.orders.Close())
	check(p.cmd.Wait())
	p.removeDir()
}
