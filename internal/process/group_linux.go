package process

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"
)

// Questions about a process group look at every process of the system, so they are asked seldom.

// groupEnded reports whether only zombies are left of a process group. kill(2) finds such a group
// until all zombies were waited for, which in a container process 1 often never does.
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
		return true // EMFILE, for example, says nothing about the process.
	})
	return zombies && !alive // Without a zombie, the processes may exist and be invisible.
}

// groupStopped reports whether a process of the group is stopped.
func groupStopped(group int) bool {
	return anyOfGroup(group, func(s stat, _ error) bool { return s.state == 'T' })
}

// anyOfGroup reports whether is returns true for a visible process of the group; true if no process
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

// stopped reports whether the process is stopped; true if that is unknown.
func stopped(pid int) bool {
	s, err := readStat(pid)
	return err != nil || s.state == 'T'
}
