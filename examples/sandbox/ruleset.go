package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// errNoLandlock says that nothing can be restricted here.
var errNoLandlock = fmt.Errorf("this system cannot restrict a program (that needs Linux 5.13, booted with landlock): %w", errors.ErrUnsupported)

// everything restricts all that the library knows. A kernel ignores the parts that are newer than
// it is; it restricts files at least.
var everything = landlock.V11.BestEffort()

const (
	readTree    landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSReadDir
	readProgram landlock.AccessFSSet = ll.AccessFSReadFile | ll.AccessFSExecute
)

// systemPrograms are where programs, their libraries and the list of these are.
var systemPrograms = []string{
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/nix/store",
}

// ruleset makes the job's ruleset, in which no process is yet, and its flags. The caller must Close
// it.
func (j job) ruleset() (ruleset *os.File, flags uint32, err error) {
	rules := []landlock.Rule{
		landlock.PathAccess(readTree, append([]string{j.dir}, j.readable...)...),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(), // Shells and libraries expect it.
	}
	if j.programs != nil {
		rules = append(rules, landlock.PathAccess(readProgram, j.programs...))
	} else {
		rules = append(rules, landlock.PathAccess(readProgram, systemPrograms...).IgnoreIfMissing())
	}
	fd, flags, err := everything.NewRulesetFD(rules...)
	if err != nil {
		return nil, 0, err
	}
	if fd < 0 {
		return nil, 0, errNoLandlock
	}
	return os.NewFile(uintptr(fd), "ruleset"), flags, nil
}
