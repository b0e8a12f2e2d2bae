package childprocess

import (
	"bufio"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// diagnose finds out which step of starting path the errno err came from. The kernel tells only the number; what is wrong
// is usually still there to be seen.
func (c *ChildProcess) diagnose(path string, o *Options, err error) *SpawnError {
	step, blame := StepProgram, path
	switch err {
	case syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ENOSPC:
		return c.failure(StepResource, c.file, err)
	case syscall.E2BIG:
		return c.failure(StepArguments, c.file, err)
	case syscall.EPERM, syscall.EINVAL:
		if err == syscall.EPERM && o.foreignGroup() {
			return c.failure(StepGroup, strconv.Itoa(o.Pgid), err)
		}
		if o.credential() != nil {
			return c.failure(StepCredentials, c.file, err)
		}
	}
	if o.Dir != "" && dirError(o.Dir, o.credential()) == err {
		return c.failure(StepCwd, o.Dir, err)
	}
	if err == syscall.ENOENT || err == syscall.EACCES {
		if i := o.badInterpreter(path, err); i != "" {
			step, blame = StepInterpreter, i
		}
	}
	return c.failure(step, blame, err)
}

// dirError returns why a process cannot change to dir, nil if it seems it can. For credentials that are not ours only the
// mode bits can be read, not the answer of the kernel.
func dirError(dir string, cred *syscall.Credential) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return syscall.ENOTDIR
	}
	if cred == nil {
		return unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	// All the way up: a home directory keeps others out of everything below it.
	for ; ; dir = filepath.Dir(dir) {
		if unix.Stat(dir, &st) == nil && !mayEnter(&st, cred) {
			return syscall.EACCES
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// mayEnter reports whether the mode of a directory lets cred search it.
func mayEnter(st *unix.Stat_t, cred *syscall.Credential) bool {
	switch {
	case cred.Uid == 0:
		return true
	case st.Uid == cred.Uid:
		return st.Mode&unix.S_IXUSR != 0
	case st.Gid == cred.Gid || slices.Contains(cred.Groups, st.Gid):
		return st.Mode&unix.S_IXGRP != 0
	}
	return st.Mode&unix.S_IXOTH != 0
}

// interpreterDepth is how many interpreters of interpreters are looked at. Linux follows five.
const interpreterDepth = 5

// badInterpreter returns the interpreter, or that one's interpreter, that cannot be executed because of err; "" if path
// itself is to blame.
func (o *Options) badInterpreter(path string, err error) string {
	if executable(o.inDir(path)) != nil {
		return ""
	}
	for range interpreterDepth {
		path = interpreter(o.inDir(path))
		if path == "" {
			return ""
		}
		if executable(o.inDir(path)) == err {
			return path
		}
	}
	return ""
}

// interpreter returns the program that the kernel starts to run path: that of a script's first line, or an executable's
// dynamic loader. "" if there is none.
func interpreter(path string) string {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // It may have become a FIFO by now.
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(io.LimitReader(f, 256), 256).ReadString('\n') // The kernel reads no more either.
	if script, ok := strings.CutPrefix(line, "#!"); ok {
		// Nothing else is a space to the kernel: a "\r" before the newline is part of the name, and often what is wrong.
		name := strings.TrimLeft(strings.TrimRight(script, "\n"), " \t")
		if i := strings.IndexAny(name, " \t"); i >= 0 {
			name = name[:i]
		}
		return name
	}
	return loader(f)
}

func loader(f io.ReaderAt) string {
	image, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, p := range image.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err == nil {
				return strings.TrimRight(string(name), "\x00")
			}
		}
	}
	return ""
}
