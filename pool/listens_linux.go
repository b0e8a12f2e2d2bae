package pool

import (
	"os"
	"strconv"
	"strings"
)

// listens reports whether a process listens at a socket that this program has not passed to it. It
// looks up the sockets among its descriptors (proc_pid_fd(5)) in the tables of its network
// namespace (proc_pid_net(5)).
func listens(pid int) (bool, error) {
	dir := "/proc/" + strconv.Itoa(pid)
	theirs, err := sockets(dir)
	if err != nil {
		return false, err
	}
	ours, err := sockets("/proc/self")
	if err != nil {
		return false, err
	}
	for _, table := range []struct {
		name         string
		state, inode int    // columns
		listening    string // value of the state
	}{
		{"tcp", 3, 9, "0A"}, {"tcp6", 3, 9, "0A"},
		// The column has the flags, the value is __SO_ACCEPTCON.
		{"unix", 3, 6, "00010000"},
	} {
		text, err := os.ReadFile(dir + "/net/" + table.name)
		if err != nil {
			continue // A kernel without IPv6 has no tcp6.
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > table.inode && f[table.state] == table.listening && theirs[f[table.inode]] && !ours[f[table.inode]] {
				return true, nil
			}
		}
	}
	return false, nil
}

// sockets returns the inodes of a process's sockets. dir is its directory in /proc.
func sockets(dir string) (map[string]bool, error) {
	names, err := os.ReadDir(dir + "/fd")
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, name := range names {
		target, err := os.Readlink(dir + "/fd/" + name.Name())
		if err != nil {
			continue // It was closed meanwhile.
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			found[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return found, nil
}
