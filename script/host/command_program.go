package host

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// startProgram starts a command that is a program with its arguments and nothing else, without a
// shell, because a shell takes longer to start than most programs. It returns nil if the command is
// more than that, or if the program cannot be started: a shell may still run it, or reports the
// error in its own words.
func (h *Host) startProgram(o *childprocess.Options, text *boundText, env *environment) *childprocess.ChildProcess {
	words, ok := text.words()
	if !ok || env.hasFunctions {
		return nil
	}
	variables := env.variablesIn(o.Dir)
	if variables == nil {
		return nil
	}
	ofShell := o.Env
	o.Env = variables
	child, err := childprocess.Spawn(h.loop, words[0], words[1:], o)
	o.Env = ofShell
	if err != nil {
		return nil
	}
	if status, known := child.Status(); known && status.NotStarted != nil {
		child.OnError(func(error) {})
		return nil
	}
	return child
}

// variablesIn returns the environment with PWD as a shell sets it that is started in dir: the shell
// keeps a name that leads there. It returns nil if there is no such directory.
func (e *environment) variablesIn(dir string) []string {
	if e.leadsTo(dir) {
		return e.variables
	}
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return nil
	}
	if e.pwd < 0 {
		return append(slices.Clip(e.variables), "PWD="+path)
	}
	changed := slices.Clone(e.variables)
	changed[e.pwd] = "PWD=" + path
	return changed
}

// leadsTo reports whether a shell started in dir would keep PWD.
func (e *environment) leadsTo(dir string) bool {
	if e.pwd < 0 {
		return false
	}
	name := e.variables[e.pwd][len("PWD="):]
	if !filepath.IsAbs(name) || filepath.Clean(name) != name {
		return false
	}
	if dir == "" {
		var path [unix.PathMax]byte
		_, err := unix.Getcwd(path[:])
		if n := bytes.IndexByte(path[:], 0); err == nil && n >= 0 && string(path[:n]) == name {
			return true // Half the time of two stat(2) calls.
		}
		dir = "."
	}
	var here, named unix.Stat_t
	return unix.Stat(dir, &here) == nil && unix.Stat(name, &named) == nil && named.Dev == here.Dev && named.Ino == here.Ino
}
