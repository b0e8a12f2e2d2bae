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
// them. The child cannot write them, because it has no privilege outside of the namespace. The
// thread that forks cannot, because it waits for the child's execve(2). So a goroutine does.
type mapper struct {
	ours, theirs int           // ends of a socket pair, both owned; the child uses theirs
	done         chan struct{} // closed when the goroutine has ended
	// reason why a child was not mapped, 0 if none; valid once done is closed
	err syscall.Errno
}

// newMapper starts the goroutine, which serves the children of p one after the other. close ends it
// and waits for it.
func newMapper(p *program, s *Settings) (*mapper, *Failure) {
	ours, theirs, err := fd.SocketPair()
	if err != nil {
		return nil, &Failure{Step: StepFork, Err: err.(syscall.Errno)}
	}
	m := &mapper{ours: ours, theirs: theirs, done: make(chan struct{})}
	go m.serve(p, s)
	return m, nil
}

// serve is the goroutine. It waits for a byte from each child.
func (m *mapper) serve(p *program, s *Settings) {
	defer close(m.done)
	for {
		var note [1]byte
		n, err := unix.Read(m.ours, note[:])
		switch {
		case err == unix.EINTR:
			continue
		case err != nil || n == 0:
			return // No other child comes.
		}
		if m.err = s.writeMaps(int(p.pid.Load())); m.err != 0 {
			// The child's read returns 0, and the child gives up.
			_ = unix.Shutdown(m.ours, unix.SHUT_RDWR)
			return
		}
		_, _ = unix.Write(m.ours, note[:]) // On an error the child has ended.
	}
}

// failure returns the reason why a child has given up, and ends the goroutine.
func (m *mapper) failure() syscall.Errno {
	_ = unix.Shutdown(m.ours, unix.SHUT_RDWR) // This ends the goroutine if it still waits.
	<-m.done
	return m.err
}

// close ends the goroutine and waits for it. No child may come any more.
func (m *mapper) close() {
	fd.Close(m.theirs)
	<-m.done
	fd.Close(m.ours)
}

// writeMaps maps the users and the groups of the namespace of process pid.
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
	setgroups := "deny" // Without a privilege this must be written before gid_map.
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

// writeProc writes text in one call, which the kernel requires.
func writeProc(file, text string) syscall.Errno {
	n, err := unix.Open(file, os.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		_, err = unix.Write(n, []byte(text))
		fd.Close(n)
	}
	errno, _ := err.(syscall.Errno)
	return errno
}
