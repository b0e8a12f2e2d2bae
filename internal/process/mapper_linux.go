//go:build amd64 || arm64

package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/fd"
)

// A mapper writes the maps of a user namespace (user_namespaces(7)) for a child that waits for
// that. The child cannot, who has no privilege outside, nor can the thread that forks it, which
// waits for its execve(2): a goroutine does.
type mapper struct {
	ours, theirs int // of a socket; the child has theirs
	done         chan struct{}
	err          syscall.Errno // valid when done is closed
}

// newMapper starts the goroutine for the children of p. It ends with close, which waits for it.
func newMapper(p *program, s *Settings) (*mapper, *Failure) {
	ours, theirs, err := fd.SocketPair()
	if err != nil {
		return nil, &Failure{Step: StepFork, Err: err.(syscall.Errno)}
	}
	m := &mapper{ours: ours, theirs: theirs, done: make(chan struct{})}
	go m.serve(p, s)
	return m, nil
}

func (m *mapper) serve(p *program, s *Settings) {
	defer close(m.done)
	for {
		var note [1]byte
		n, err := unix.Read(m.ours, note[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			return // There is no other child.
		}
		if m.err = s.writeMaps(int(p.pid.Load())); m.err != 0 {
			// The child reads the end, and gives up.
			_ = unix.Shutdown(m.ours, unix.SHUT_RDWR)
			return
		}
		_, _ = unix.Write(m.ours, note[:]) // It waits for that, or is gone.
	}
}

// failure says why a child has given up.
func (m *mapper) failure() syscall.Errno {
	_ = unix.Shutdown(m.ours, unix.SHUT_RDWR) // It waits no more, if it does.
	<-m.done
	return m.err
}

// close ends the goroutine when no child is to come any more.
func (m *mapper) close() {
	fd.Close(m.theirs)
	<-m.done
	fd.Close(m.ours)
}

// writeMaps maps the users and the groups of the namespace that a process is in.
func (s *Settings) writeMaps(pid int) syscall.Errno {
	dir := fmt.Sprintf("/proc/%d/", pid)
	if s.UIDMap != nil {
		if errno := writeProc(dir+"uid_map", mapText(s.UIDMap)); errno != 0 {
			return errno
		}
	}
	if s.GIDMap == nil {
		return 0
	}
	setgroups := "deny" // Without a privilege the map must not be written before.
	if s.Setgroups {
		setgroups = "allow"
	}
	// Linux 3.19
	if errno := writeProc(dir+"setgroups", setgroups); errno != 0 && errno != unix.ENOENT {
		return errno
	}
	return writeProc(dir+"gid_map", mapText(s.GIDMap))
}

func mapText(ranges []IDMap) string {
	var b strings.Builder
	for _, r := range ranges {
		fmt.Fprintf(&b, "%d %d %d\n", r.Inside, r.Outside, r.Size)
	}
	return b.String()
}

// writeProc writes text in one call, as the kernel wants it.
func writeProc(file, text string) syscall.Errno {
	n, err := unix.Open(file, os.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(n, []byte(text))
		fd.Close(n)
	}
	errno, _ := err.(syscall.Errno)
	return errno
}
