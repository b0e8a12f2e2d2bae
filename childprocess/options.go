package childprocess

import (
	"math"
	"strconv"
	"strings"
	"syscall"
)

// Signal is the type of a signal number.
type Signal = syscall.Signal

// Options say how a child is started. A nil *Options means all defaults. They are not kept or changed.
type Options struct {
	// Dir is the child's working directory. "": the parent's. A program or a PATH element that is a relative path is looked
	// up from there.
	Dir string

	// Env is the child's whole environment, as "KEY=value". Of entries with the same key the last one counts. Nil: the
	// parent's at the time of the call, with PWD set to Dir if that is given. Empty but not nil: no variable at all.
	Env []string

	// ParentPath has a program without a slash looked up in the parent's PATH, also when Env has another.
	ParentPath bool

	// Argv0 is the child's argv[0]. "": the program as it was given.
	Argv0 string

	// Stdio says what each descriptor of the child is, by number. Missing ones, and the zero Stdio, are Pipe for 0 to 2
	// and closed above.
	Stdio []Stdio

	// Detached starts the child as the leader of a new session and process group (setsid(2)).
	Detached bool

	// UID, GID and Groups change the child's credentials; nil leaves them. With UID or GID the supplementary groups are
	// replaced by Groups, as far as the parent may do that.
	UID, GID *uint32
	Groups   []uint32

	// StopEvents has OnStop and OnContinue called. They need SIGCHLD, which is watched while such a child lives.
	StopEvents bool
}

// validate finds the mistakes in a call that no system call has to find.
func (o *Options) validate(file string, args []string) error {
	bad := func(name, reason string) error { return &ArgumentError{"spawn", name, reason} }
	const nul = "contains a NUL byte"
	switch {
	case file == "":
		return bad("file", "is empty")
	case strings.IndexByte(file, 0) >= 0:
		return bad("file", nul)
	case strings.IndexByte(o.Dir, 0) >= 0:
		return bad("Dir", nul)
	case strings.IndexByte(o.Argv0, 0) >= 0:
		return bad("Argv0", nul)
	case o.UID != nil && *o.UID == math.MaxUint32:
		return bad("UID", "is out of range") // -1 means "leave it" to setuid(2)'s relatives.
	case o.GID != nil && *o.GID == math.MaxUint32:
		return bad("GID", "is out of range")
	}
	for i, a := range args {
		if strings.IndexByte(a, 0) >= 0 {
			return bad("args["+strconv.Itoa(i)+"]", nul)
		}
	}
	for i, e := range o.Env {
		if strings.IndexByte(e, 0) >= 0 {
			return bad("Env["+strconv.Itoa(i)+"]", nul)
		}
	}
	for i, s := range o.Stdio {
		if reason := s.mistake(); reason != "" {
			return bad("Stdio["+strconv.Itoa(i)+"]", reason)
		}
	}
	return nil
}
