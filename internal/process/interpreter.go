//go:build unix

package process

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// blameInterpreter names the interpreter in place of the file when that is what cannot be executed.
// The kernel reports the same ENOENT or EACCES for both.
func (f *Failure) blameInterpreter(spec *Spec) {
	if f.Step != StepExec || f.Err != syscall.ENOENT && f.Err != syscall.EACCES {
		return
	}
	for _, file := range spec.Files {
		if f.Err == syscall.EACCES && file != f.Path {
			continue
		}
		if i := spec.badInterpreter(file, f.Err); i != "" {
			f.Step, f.Path = StepInterpreter, i
			return
		}
	}
}

// interpreterDepth is how many interpreters of interpreters are looked at. Linux follows five.
const interpreterDepth = 5

// badInterpreter returns the interpreter, or that one's interpreter, that cannot be executed
// because of err; "" if file itself is to blame.
func (s *Spec) badInterpreter(file string, err syscall.Errno) string {
	if Executable(s.inDir(file)) != nil {
		return ""
	}
	for range interpreterDepth {
		file = interpreter(s.inDir(file))
		if file == "" {
			return ""
		}
		if Executable(s.inDir(file)) == err {
			return file
		}
	}
	return ""
}

// inDir returns what the child's path is for this process, which is in another directory and may
// have another root.
func (s *Spec) inDir(path string) string {
	root := ""
	if s.Settings != nil {
		root = s.Settings.Chroot
	}
	switch {
	case filepath.IsAbs(path):
		return InRoot(root, path)
	case s.Dir != "":
		return InRoot(root, s.Dir+"/"+path)
	case root != "":
		return InRoot(root, "/"+path)
	}
	return path
}

// interpreter returns the program that the kernel starts to run path: that of a script's first
// line, or an executable's dynamic loader. "" if there is none.
func interpreter(path string) string {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // It may have become a FIFO by now.
	if err != nil {
		return ""
	}
	defer f.Close()
	// The kernel reads no more either.
	line, _ := bufio.NewReaderSize(io.LimitReader(f, 256), 256).ReadString('\n')
	if script, ok := strings.CutPrefix(line, "#!"); ok {
		// Nothing else is a space to the kernel: a "\r" before the newline is part of the name, and
		// often what is wrong.
		name := strings.TrimLeft(strings.TrimRight(script, "\n"), " \t")
		if i := strings.IndexAny(name, " \t"); i >= 0 {
			name = name[:i]
		}
		return name
	}
	return loader(f)
}
