package childprocess

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/brood-go/brood/internal/process"
)

// candidates returns the files for execve(2), in order: the child executes the first that it can. A
// name with a slash is the only candidate; execve(2) resolves it after the change of directory. Any
// other name is looked up in PATH (see Options.ParentPath).
//
// If the name is found in a relative directory of PATH, the search ends there, and dot is that
// file: the start fails with [ErrDot] unless an earlier candidate can be executed.
//
// The result is appended to memory, which must be empty.
func (o *Options) candidates(file string, memory []string) (files []string, dot string) {
	if strings.IndexByte(file, '/') >= 0 {
		return append(memory, file), ""
	}
	path := o.searchPath()
	files = slices.Grow(memory, 1+strings.Count(path, ":"))
	for dir := range strings.SplitSeq(path, ":") {
		if dir == "" {
			dir = "."
		}
		// Not filepath.Join, which would drop "link/..", although link may lead elsewhere.
		candidate := dir + "/" + file
		switch {
		case filepath.IsAbs(dir):
			files = append(files, candidate)
		case process.Executable(o.inDir(candidate)) == nil:
			return files, candidate
		}
	}
	return files, ""
}

// inDir returns the path by which this process, with its own directory and root, finds the child's
// path.
func (o *Options) inDir(path string) string {
	switch {
	case filepath.IsAbs(path):
		return process.InRoot(o.Chroot, path)
	case o.Dir != "":
		return process.InRoot(o.Chroot, o.Dir+"/"+path)
	case o.Chroot != "":
		return process.InRoot(o.Chroot, "/"+path)
	}
	return path
}

// blame returns the *SpawnError for a failed step.
func (c *ChildProcess) blame(f *process.Failure) *SpawnError {
	step, path := StepProgram, c.file
	switch f.Step {
	case process.StepFork, process.StepSignals:
		step = StepResource
	case process.StepSlots, process.StepTerminal:
		step = StepStdio
		if f.Err == syscall.ENOTSUP { // See process.Spec.onCloexecTable.
			path = "FDPolicy"
		}
	case process.StepSession, process.StepGroup:
		step, path = StepGroup, strconv.Itoa(c.starting.spec.Pgid)
	case process.StepDirectory:
		step, path = StepCwd, f.Path
	case process.StepGroups, process.StepGID, process.StepUID:
		step = StepCredentials
	case process.StepRlimit:
		step, path = StepRlimit, "Rlimits["+strconv.Itoa(f.Index)+"]"
	case process.StepChroot, process.StepCgroup:
		step, path = settingSteps[f.Step], f.Path
	case process.StepNamespaces, process.StepIDMaps, process.StepForeground, process.StepUmask, process.StepNice, process.StepIOPriority,
		process.StepOOMScore, process.StepCPUs, process.StepAmbientCaps, process.StepNoNewPrivs, process.StepPdeathsig, process.StepLandlock,
		process.StepSeccomp:
		step = settingSteps[f.Step]
	case process.StepInterpreter:
		step, path = StepInterpreter, f.Path
	case process.StepExec:
		return c.blameExec(f)
	}
	return c.failure(step, path, f.Err)
}

// blameExec is blame for execve(2).
func (c *ChildProcess) blameExec(f *process.Failure) *SpawnError {
	switch f.Err {
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE:
		return c.failure(StepResource, c.file, f.Err)
	case syscall.E2BIG:
		return c.failure(StepArguments, c.file, f.Err)
	case syscall.ENOENT, syscall.EACCES, syscall.ELOOP, syscall.ENAMETOOLONG:
		if dot := c.starting.dot; dot != "" {
			return c.failure(StepProgram, dot, ErrDot)
		}
	}
	if f.Err == syscall.ENOENT {
		return c.failure(StepProgram, c.file, f.Err) // No directory of PATH has it.
	}
	return c.failure(StepProgram, f.Path, f.Err)
}
