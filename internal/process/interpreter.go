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

// blameInterpreter names the interpreter in place of the file if the interpreter cannot be
// executed. The kernel reports the same ENOENT or EACCES for both. It runs in the parent, after the
// failure.
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

// interpreterDepth is how many interpreters of interpreters are followed. Linux follows five.
const interpreterDepth = 5

// badInterpreter returns the file's interpreter, or the interpreter of that one and so on, that
// cannot be executed because of err; "" if the file itself is the reason.
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

// inDir translates a path of the child for this process, which is in another directory and may have
// another root.
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

// interpreter returns the program that the kernel starts to run path: the interpreter in a script's
// first line, or an executable's dynamic loader; "" if there is none.
func interpreter(path string) string {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // The path may be a FIFO by now.
	if err != nil {
		return ""
	}
	defer f.Close()
	// The kernel reads no more either.
	line, _ := bufio.NewReaderSize(io.LimitReader(f, 256), 256).ReadString('\n')
	if script, ok := strings.CutPrefix(line, "#!"); ok {
		// To the kernel only these two are blanks: a "\r" before the newline is part of the name,
		// and often the mistake.
		name := strings.TrimLeft(strings.TrimRight(script, "\n"), " \t")
		if i := strings.IndexAny(name, " \t"); i >= 0 {
			name = name[:i]
		}
		return name
	}
	return loader(f)
}
