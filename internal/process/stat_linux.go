package process

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// stat has some fields of a process's stat file in /proc (proc_pid_stat(5)).
type stat struct {
	state   byte // 'R', 'S', 'D', 'T' stopped, 't' traced, 'Z', 'X'
	parent  int
	threads int
	// start is the time of its start, in clock ticks since the system started. Together with the
	// number it tells a process from every other one.
	start uint64
}

// readStat reads the stat file of one process. The error is ENOENT or ESRCH if there is none.
func readStat(pid int) (stat, error) {
	fields, err := statFields("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return stat{}, err
	}
	return stat{
		state:   fields[0][0],
		parent:  int(fields.number(4)),
		threads: int(fields.number(20)),
		start:   uint64(fields.number(22)),
	}, nil
}

// statWords are the fields of a stat file, from number 3 of the manual page on.
type statWords [][]byte

func statFields(path string) (statWords, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// The name, in parentheses, may contain anything. Field 3 is the first one after it.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return nil, unix.EPROTO
	}
	return fields, nil
}

// number returns the field that the manual page gives this number.
func (w statWords) number(n int) int64 {
	value, _ := strconv.ParseInt(string(w[n-3]), 10, 64) // The kernel writes numbers.
	return value
}

// ended reports whether the process has ended, with all its threads: a leader whose threads go on
// is a zombie, too.
func (s stat) ended() bool { return s.state == 'Z' && s.threads <= 1 || s.state == 'X' }

// processes returns the numbers of all processes that /proc shows.
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
