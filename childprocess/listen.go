package childprocess

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// The variables by which a service manager tells a program of its sockets (sd_listen_fds(3)).
const (
	listenPid = "LISTEN_PID"
	// Of systemd 258: whose a number is not told, but the inode of a pidfd.
	listenPidfd = "LISTEN_PIDFDID"
	listenFDs   = "LISTEN_FDS"
	listenNames = "LISTEN_FDNAMES"
)

// listenVariables are all of them: whoever leaves one to a child of its own has that child
// misunderstand the others.
var listenVariables = []string{listenPid, listenPidfd, listenFDs, listenNames}

// firstListenFD is the number of the first of them.
const firstListenFD = 3

// ListenFDs returns the descriptors that a service manager, such as systemd(1), has opened for this
// program and passed to it from number 3 on: listening sockets as a rule, for [net.FileListener] or
// [net.FilePacketConn]. The Name of each is what the manager calls it, "unknown" where it has no
// names. It returns none when the program was not started that way, when LISTEN_PID means another
// process, and when it was called before.
//
// The descriptors are the caller's, who must Close them, and close-on-exec from here on; their mode
// is left. The variables are removed from the environment of this program, whatever is returned, so
// that no child takes them for its own.
//
// The error is a *[ListenError], and nothing is returned then, and no descriptor was changed:
// EINVAL for a variable that makes no sense, EBADF for a descriptor that is not open. Safe to call
// from any goroutine. It is sd_listen_fds_with_names(3).
func ListenFDs() ([]*os.File, error) {
	listening.Lock()
	defer listening.Unlock()
	pid, given := os.LookupEnv(listenPid)
	count, names := os.Getenv(listenFDs), os.Getenv(listenNames)
	for _, name := range listenVariables {
		_ = os.Unsetenv(name) // It fails for impossible names only.
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

// listening keeps two calls from taking the same descriptors, which are the program's.
var listening sync.Mutex

// A ListenError says that what a service manager has told this program makes no sense.
type ListenError struct {
	Variable string // LISTEN_PID, LISTEN_FDS or LISTEN_FDNAMES
	Value    string
	Err      error // a syscall.Errno
}

// Error returns a text such as "LISTEN_FDS=many: invalid argument".
func (e *ListenError) Error() string { return e.Variable + "=" + e.Value + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }
