//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package leakcheck

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// children asks ps(1): there is no call common to these systems that tells of children without
// reaping them.
func children() map[int]string {
	ps := exec.Command("ps", "-A", "-o", "pid=", "-o", "ppid=", "-o", "stat=", "-o", "command=")
	out, err := ps.Output()
	if err != nil {
		panic("leakcheck: ps: " + err.Error())
	}
	self := strconv.Itoa(os.Getpid())
	found := map[int]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) < 4 || fields[1] != self {
			continue
		}
		if pid, err := strconv.Atoi(fields[0]); err == nil && pid != ps.Process.Pid {
			found[pid] = fmt.Sprintf("state %s, command %s", fields[2], strings.Join(fields[3:], " "))
		}
	}
	return found
}
