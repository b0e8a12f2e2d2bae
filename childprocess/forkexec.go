package childprocess

import (
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/disposition"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// forkClean is syscall.ForkExec of a child without our signal mask and without our ignored signals. A program file that is
// just being written by a child of another goroutine (ETXTBSY: the fork made a copy of its descriptor, which lives until
// that child has executed; go.dev/issue/22315) is tried again for a bounded time.
func forkClean(l *reactor.Loop, path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	// It may have to wait for other forks, which is dear for a goroutine that has a thread of its own.
	defer disposition.Default()()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	signals.Unblocked(l, func() {
		defer emptySignalMask()() // What is left in it this program was started with.
		pid, err = forkExec(path, argv, attr)
	})
	return pid, err
}

func forkExec(path string, argv []string, attr *syscall.ProcAttr) (pid int, err error) {
	for pause := time.Millisecond; ; pause *= 2 {
		pid, err = syscall.ForkExec(path, argv, attr)
		if err != syscall.ETXTBSY || pause > textBusyLongest {
			return pid, err
		}
		time.Sleep(pause)
	}
}

// textBusyLongest is the last pause before giving up; all of them together block the loop for less than twice as long.
const textBusyLongest = 16 * time.Millisecond

// credential returns nil when nothing is to be changed.
func (o *Options) credential() *syscall.Credential {
	if o.UID == nil && o.GID == nil && o.Groups == nil {
		return nil
	}
	cred := &syscall.Credential{Uid: uint32(unix.Getuid()), Gid: uint32(unix.Getgid()), Groups: o.Groups}
	if o.UID != nil {
		cred.Uid = *o.UID
	}
	if o.GID != nil {
		cred.Gid = *o.GID
	}
	// Clearing the groups takes a privilege; without it that is left out, as libuv ignores its failure. Asking for
	// particular groups is another matter.
	cred.NoSetGroups = o.Groups == nil && unix.Geteuid() != 0
	return cred
}
