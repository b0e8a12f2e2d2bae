package childprocess

import (
	"bufio"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
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
		if o.credential() != nil {
			return c.failure(StepCredentials, c.file, err)
		}
	}
	if o.Dir != "" && dirError(o.Dir, o.credential() != nil) == err {
		return c.failure(StepCwd, o.Dir, err)
	}
	where := path
	if o.Dir != "" && !filepath.IsAbs(path) {
		where = filepath.Join(o.Dir, path)
	}
	if err == syscall.ENOENT || err == syscall.EACCES {
		if i := interpreter(where); i != "" && executable(where) == nil {
			step, blame = StepInterpreter, i
		}
	}
	return c.failure(step, blame, err)
}

// dirError returns why a process cannot change to dir, nil if it seems it can. For other credentials than ours only the
// directory's existence is known; that it is theirs to enter is then what is doubted (EACCES).
func dirError(dir string, otherUser bool) error {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		return syscall.ENOTDIR
	}
	if otherUser && st.Mode&0o001 == 0 {
		return syscall.EACCES
	}
	return unix.Access(dir, unix.X_OK)
}

// interpreter returns the program that the kernel starts to run path: that of a script's first line, or an executable's
// dynamic loader. "" if there is none.
func interpreter(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(io.LimitReader(f, 256), 256).ReadString('\n') // The kernel reads no more either.
	if script, ok := strings.CutPrefix(line, "#!"); ok {
		if fields := strings.Fields(script); len(fields) > 0 {
			return fields[0]
		}
		return ""
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
