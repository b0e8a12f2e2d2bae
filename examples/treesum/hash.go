package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/streams"
)

// A job is one file on its way through one child.
type job struct {
	file   *file
	source *streams.Readable
	child  *childprocess.ChildProcess
	output []byte
	err    error // the first that happened before close
}

// start opens f and pipes it into a new child. On an error nothing is left open and finished will not be called.
func (p *pool) start(f *file) (*job, error) {
	fd, err := openRegular(filepath.Join(p.tree.dir, filepath.FromSlash(f.path)))
	if err != nil {
		return nil, err
	}
	j := &job{file: f}
	if j.source, err = streams.NewReadable(p.loop, fd, nil); err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	j.child, err = childprocess.Spawn(p.loop, "sha256sum", nil, &childprocess.Options{
		Stdio: []childprocess.Stdio{childprocess.Pipe, childprocess.Pipe, childprocess.Inherit},
	})
	if err != nil {
		j.source.Destroy(nil)
		return nil, err
	}
	j.child.OnError(j.fail)
	j.child.OnClose(func(status childprocess.ExitStatus) {
		sum, err := j.result(status)
		p.finished(j, sum, err)
	})
	if j.child.Stdin == nil {
		// This program is out of descriptors, and the child has not even got its pipes. The error event will say so.
		j.source.Destroy(nil)
		return j, nil
	}
	// A file cannot be polled: it is read whenever the pipe has room. On Linux the kernel moves the pages into the pipe.
	j.source.OnError(j.fail)
	j.source.Pipe(j.child.Stdin, nil)
	j.child.Stdout.Collect(1<<10, func(data []byte, err error) {
		j.output = data
		j.fail(err)
	})
	return j, nil
}

// result is the sum, or why there is none: an error before the child's end, or what its end or its output say. An error
// while reading the file comes first: it ends the child's input, and the child prints the sum of what it got.
func (j *job) result(status childprocess.ExitStatus) (sum string, err error) {
	switch sum = firstSum(j.output); {
	case j.err != nil:
		return "", j.err
	case !status.Success():
		return "", fmt.Errorf("sha256sum: %s", status)
	case sum == "":
		return "", fmt.Errorf("sha256sum printed %q", j.output)
	}
	return sum, nil
}

// fail notes the first error.
func (j *job) fail(err error) {
	if j.err == nil {
		j.err = err
	}
}

// abort ends the child at once: it has nothing to save.
func (j *job) abort() {
	j.source.Destroy(nil)
	_, err := j.child.Kill(syscall.SIGKILL)
	j.fail(err)
}

// openRegular opens a file for reading. What the walk saw as a regular file may have been replaced since: O_NONBLOCK keeps
// a FIFO from blocking the loop, O_NOFOLLOW keeps to the tree.
func openRegular(path string) (int, error) {
	for {
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return -1, err
		}
		var st unix.Stat_t
		if err = unix.Fstat(fd, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFREG {
			err = errors.New("is no longer a regular file")
		}
		if err != nil {
			return -1, errors.Join(err, unix.Close(fd))
		}
		return fd, nil
	}
}

// sumLine is the beginning of a line of sha256sum's output; the backslash marks a name in which characters are escaped.
var sumLine = regexp.MustCompile(`^\\?([0-9a-f]{64}) [ *]`)

// firstSum returns the sum that a line of sha256sum's output begins with, "" if it does not.
func firstSum(line []byte) string {
	if m := sumLine.FindSubmatch(line); m != nil {
		return string(m[1])
	}
	return ""
}
