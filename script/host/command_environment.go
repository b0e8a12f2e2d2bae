package host

import (
	"os"
	"strings"

	"github.com/brood-go/brood/childprocess"
)

// environment is the environment of commands, with the facts that startProgram needs.
type environment struct {
	variables    []string // if a name occurs twice, the last one counts
	pwd          int      // index of the last PWD; -1: there is none
	hasFunctions bool     // functions exported by bash(1), which may have the names of programs
}

// environmentOf returns the environment of a list of "KEY=value".
func environmentOf(list []string) *environment {
	e := &environment{pwd: -1}
	for _, variable := range list {
		if strings.HasPrefix(variable, "PWD=") {
			e.pwd = len(e.variables)
		}
		e.hasFunctions = e.hasFunctions || strings.HasPrefix(variable, "BASH_FUNC_")
		e.variables = append(e.variables, variable)
	}
	return e
}

// commandEnvironment returns the environment of a command with options o: o.Env if set, else
// process.env if the script has changed it, which o.Env then gets, else the program's environment
// at the first command.
func (h *Host) commandEnvironment(o *childprocess.Options) *environment {
	switch {
	case o.Env != nil:
		return environmentOf(o.Env)
	case h.environment != nil:
		o.Env = h.environment.variables
		return h.environment
	case h.inherited == nil:
		h.inherited = environmentOf(os.Environ())
	}
	return h.inherited
}
