package process

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of proc_pid_stat(5). USER_HZ is 100 on every architecture that Go has.
const clockTick = time.Second / 100

// Usage reads /proc about the child, which must not have been waited for. It counts all threads of
// the child, and none of its children. The error is ENOENT or ESRCH if there is no such process,
// EACCES if /proc is hidden.
func (p Process) Usage() (Usage, error) {
	dir := "/proc/" + strconv.Itoa(p.Pid)
	fields, err := statFields(dir + "/stat")
	if err != nil {
		return Usage{}, err
	}
	u := Usage{
		MinorFaults: fields.number(10), MajorFaults: fields.number(12),
		User: time.Duration(fields.number(14)) * clockTick, System: time.Duration(fields.number(15)) * clockTick,
	}
	if text, err := os.ReadFile(dir + "/status"); err == nil {
		u.Peak = numberAfter(text, "VmHWM:") << 10 // A zombie has no memory, and no such line.
	}
	if text, err := os.ReadFile(dir + "/io"); err == nil { // EACCES for another user's process.
		u.ReadBytes, u.WrittenBytes = numberAfter(text, "read_bytes:"), numberAfter(text, "\nwrite_bytes:")
	}
	tasks, _ := os.ReadDir(dir + "/task") // Invisible threads are not counted.
	for _, task := range tasks {
		if text, err := os.ReadFile(dir + "/task/" + task.Name() + "/status"); err == nil {
			u.Voluntary += numberAfter(text, "\nvoluntary_ctxt_switches:")
			u.Involuntary += numberAfter(text, "\nnonvoluntary_ctxt_switches:")
		}
	}
	return u, nil
}

// OwnPeak reads /proc.
func OwnPeak() int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	return numberAfter(text, "VmHWM:") << 10
}

// numberAfter returns the number after a label, 0 if there is none.
func numberAfter(text []byte, label string) int64 {
	_, rest, found := bytes.Cut(text, []byte(label))
	if !found {
		return 0
	}
	words := bytes.Fields(rest[:min(len(rest), 64)])
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseInt(string(words[0]), 10, 64)
	return n
}
