package host

import (
	"os"
	"strings"

	"github.com/brood-go/brood/childprocess"
)

// environment is that of commands, with what has to be known of it.
type environment struct {
	variables    []string // of those with the same name the last one counts
	pwd          int      // the place of the last PWD; -1: there is none
	hasFunctions bool     // that bash(1) has exported: they may have the names of programs
}

// environmentOf takes over a list of which, of those with the same name, the last one counts.
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

// commandEnvironment returns the environment of a command with these options. Without one of its
// own it is what the script has made of process.env, which o gets, and what the program had when
// the first command was started if the script has changed nothing.
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
