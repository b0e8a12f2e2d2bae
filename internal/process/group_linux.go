package process

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Questions about a process group look at every process of the system, which is why they are asked
// seldom.

// groupEnded reports whether all that is left of a process group are zombies: to kill(2) it is as
// alive as ever until somebody has waited for them, and in a container process 1 often never does.
func groupEnded(group int) bool {
	zombies := false
	alive := anyOfGroup(group, func(s stat, err error) bool {
		switch {
		case err == nil:
			zombies = zombies || s.ended()
			return !s.ended()
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.ESRCH):
			zombies = true // It was waited for just now.
			return false
		}
		return true // Of EMFILE, for one, nothing is known.
	})
	return zombies && !alive // Without a zombie they are there, and may not be seen.
}

// groupStopped reports whether a member of the group is stopped.
func groupStopped(group int) bool {
	return anyOfGroup(group, func(s stat, _ error) bool { return s.state == 'T' })
}

// anyOfGroup reports whether is is true for a member of the group that can be seen; true if nothing
// can be seen at all.
func anyOfGroup(group int, is func(stat, error) bool) bool {
	pids, err := processes()
	if err != nil {
		return true
	}
	for _, pid := range pids {
		if of, err := unix.Getpgid(pid); err == nil && of == group && is(readStat(pid)) {
			return true
		}
	}
	return false
}

// stopped reports whether the process is stopped; true if that cannot be found out.
func stopped(pid int) bool {
	s, err := readStat(pid)
	return err != nil || s.state == 'T'
}
