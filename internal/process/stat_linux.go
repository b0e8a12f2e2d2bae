package process

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// stat is what /proc says of a process (proc_pid_stat(5)).
type stat struct {
	state   byte // 'R', 'S', 'D', 'T' stopped, 't' traced, 'Z', 'X'
	parent  int
	threads int
	start   uint64 // in clock ticks since the system started: with the number it tells a process from every other one
}

// readStat asks about one process. The error is ENOENT or ESRCH when there is none.
func readStat(pid int) (stat, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	// The name, in parentheses, may have anything in it. Field 3 of the manual page is the first one behind it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return stat{}, unix.EPROTO
	}
	number := func(i int) uint64 {
		n, _ := strconv.ParseUint(string(fields[i-3]), 10, 64) // Those that may be negative are not asked for.
		return n
	}
	return stat{
		state:   fields[0][0],
		parent:  int(number(4)),
		threads: int(number(20)),
		start:   number(22),
	}, nil
}

// ended reports whether the process has ended, with all its threads: a leader whose threads go on is a zombie, too.
func (s stat) ended() bool { return s.state == 'Z' && s.threads <= 1 || s.state == 'X' }

// processes returns the numbers of all processes that can be seen.
func processes() ([]int, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
