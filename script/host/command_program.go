package host

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/script/shelltext"
)

// startProgram starts a command that is a program with its arguments and nothing else without a shell, which takes longer to start
// than most programs do. It returns nil if there is more to the command, and if the program cannot be started: the shell has
// ways of its own then, and its own words.
func (h *Host) startProgram(o *childprocess.Options, text string, values []string) *childprocess.ChildProcess {
	words, ok := shelltext.Words(text, values)
	if !ok {
		return nil
	}
	own := *o
	if own.Env == nil {
		own.Env = os.Environ()
	}
	if slices.ContainsFunc(own.Env, isExportedFunction) {
		return nil
	}
	if own.Env = withWorkingDirectory(own.Env, own.Dir); own.Env == nil {
		return nil
	}
	child, err := childprocess.Spawn(h.loop, words[0], words[1:], &own)
	if err != nil {
		return nil
	}
	if status, known := child.Status(); known && status.NotStarted != nil {
		child.OnError(func(error) {})
		return nil
	}
	return child
}

// isExportedFunction reports whether a variable is a function that bash(1) has exported: it may have the name of a program.
func isExportedFunction(variable string) bool { return strings.HasPrefix(variable, "BASH_FUNC_") }

// withWorkingDirectory returns the environment with PWD as a shell that is started in dir would have set it: it keeps a name that
// leads there. It returns nil if there is no such folder.
func withWorkingDirectory(env []string, dir string) []string {
	if dir == "" {
		dir = "."
	}
	here, err := os.Stat(dir)
	if err != nil {
		return nil
	}
	at := -1
	for i, variable := range env { // The last one counts.
		if strings.HasPrefix(variable, "PWD=") {
			at = i
		}
	}
	if at >= 0 {
		name := env[at][len("PWD="):]
		if info, err := os.Stat(name); err == nil && filepath.IsAbs(name) && filepath.Clean(name) == name && os.SameFile(info, here) {
			return env
		}
	}
	path, err := filepath.Abs(dir)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return nil
	}
	if at < 0 {
		return append(slices.Clip(env), "PWD="+path)
	}
	env = slices.Clone(env)
	env[at] = "PWD=" + path
	return env
}
