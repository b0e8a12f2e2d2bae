package childprocess

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The variables by which a service manager passes sockets to a program (sd_listen_fds(3)).
const (
	listenPid = "LISTEN_PID"
	// Since systemd 258: the inode of the program's pidfd.
	listenPidfd = "LISTEN_PIDFDID"
	listenFDs   = "LISTEN_FDS"
	listenNames = "LISTEN_FDNAMES"
)

// listenVariables are removed together, because a child that inherits one of them would misread the
// others.
var listenVariables = []string{listenPid, listenPidfd, listenFDs, listenNames}

// firstListenFD is the number of the first descriptor that is passed.
const firstListenFD = 3

// ListenFDs returns the descriptors that a service manager, such as systemd(1), has opened for this
// program and passed to it from number 3 on. They are usually listening sockets, for
// [net.FileListener] or [net.FilePacketConn]. The Name of each is the manager's, "unknown" if it
// gave none. ListenFDs returns nil if the program was not started that way, if LISTEN_PID is
// another process, or if it was called before.
//
// The caller must Close the files. They are close-on-exec from here on; their blocking mode is not
// changed. In every case, the variables are removed from the environment, so no child takes them
// for its own.
//
// The error is a *[ListenError]: EINVAL for a variable that makes no sense, EBADF for a descriptor
// that is not open. No descriptor is changed then.
//
// Safe to call from any goroutine.
//
// Source: sd_listen_fds_with_names(3).
func ListenFDs() ([]*os.File, error) {
	listening.Lock()
	defer listening.Unlock()
	pid, given := os.LookupEnv(listenPid)
	count, names := os.Getenv(listenFDs), os.Getenv(listenNames)
	for _, name := range listenVariables {
		_ = os.Unsetenv(name) // It fails only for impossible names.
	}
	if !given {
		return nil, nil
	}
	mine, err := strconv.Atoi(pid)
	if err != nil || mine <= 0 {
		return nil, &ListenError{listenPid, pid, syscall.EINVAL}
	}
	if mine != os.Getpid() {
		return nil, nil
	}
	n, err := strconv.ParseInt(count, 10, 32)
	if err != nil || n <= 0 {
		return nil, &ListenError{listenFDs, count, syscall.EINVAL}
	}
	for i := range int(n) {
		if _, err := unix.FcntlInt(uintptr(firstListenFD+i), unix.F_GETFD, 0); err != nil {
			return nil, &ListenError{listenFDs, count, err}
		}
	}
	called := strings.Split(names, ":")
	switch {
	case names == "":
		called = nil
	case len(called) != int(n):
		return nil, &ListenError{listenNames, names, syscall.EINVAL}
	}
	files := make([]*os.File, n)
	for i := range files {
		name := "unknown"
		if called != nil {
			name = called[i]
		}
		unix.CloseOnExec(firstListenFD + i)
		files[i] = os.NewFile(uintptr(firstListenFD+i), name)
	}
	return files, nil
}

// listening serializes ListenFDs, because the descriptors and the environment belong to the
// program.
var listening sync.Mutex

// A ListenError says that a variable of the service manager makes no sense, or names a descriptor
// that is not open.
type ListenError struct {
	Variable string // LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES
	Value    string
	Err      error // a syscall.Errno
}

// Error returns a text such as "LISTEN_FDS=many: invalid argument".
func (e *ListenError) Error() string { return e.Variable + "=" + e.Value + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }
