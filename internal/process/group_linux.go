package process

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// groupEnded reports whether all that is left of a process group are zombies: to kill(2) it is as alive as ever until
// somebody has waited for them, and in a container process 1 often never does. It looks at every process of the system,
// which is why it is asked seldom.
func groupEnded(group int) bool {
	proc, err := os.Open("/proc")
	if err != nil {
		return false
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return false
	}
	zombies := false
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if of, err := unix.Getpgid(pid); err != nil || of != group {
			continue
		}
		if !isZombie(name) {
			return false
		}
		zombies = true
	}
	return zombies // Else they are there, and may not be seen.
}

// isZombie reports whether a process has ended, with all its threads (proc_pid_stat(5)).
func isZombie(pid string) bool {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		// It was waited for just now. Of anything else, EMFILE for one, nothing is known.
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
	}
	// The name, in parentheses, may have anything in it. Behind it are the state, and 17 fields on the number of threads.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	return len(fields) > 17 && fields[0][0] == 'Z' && string(fields[17]) == "1"
}
