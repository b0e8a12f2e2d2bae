package leakcheck

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func children() map[int]string {
	_, err := retry(func() (int, error) {
		return 0, unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
	})
	if err == unix.ECHILD {
		return nil
	}
	found := map[int]string{}
	// The pattern is well formed, and nothing else is an error.
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		// A process that was reaped after the directory was read has no such file any more.
		if pid, text, ok := childFromStat(path); ok {
			found[pid] = text
		}
	}
	if len(found) == 0 {
		// A child of another user under a /proc mounted with hidepid. If it was reaped meanwhile,
		// the next look says so.
		found[0] = "there is one, but /proc does not show it"
	}
	return found
}

// childFromStat reads one /proc/PID/stat; see proc_pid_stat(5). ok is false if the process is no
// child of this one.
func childFromStat(path string) (pid int, text string, ok bool) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0, "", false
	}
	// "12 (name) S 11 …": only the last bracket ends the name, for the name may hold brackets
	// itself.
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	if open < 0 || end < open {
		return 0, "", false
	}
	fields := strings.Fields(string(stat[end+1:]))
	if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
		return 0, "", false
	}
	pid, err = strconv.Atoi(strings.TrimSpace(string(stat[:open])))
	if err != nil {
		return 0, "", false
	}
	command := string(stat[open : end+1]) // A zombie has no command line, only this name.
	cmdline, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
	if args := bytes.TrimRight(cmdline, "\x00"); len(args) > 0 {
		command = fmt.Sprintf("%q", strings.Split(string(args), "\x00"))
	}
	return pid, "state " + fields[0] + ", command " + command, true
}
