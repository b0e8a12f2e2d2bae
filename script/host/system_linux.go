package host

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func loadAverage() (load [3]float64) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return load
	}
	for i := range load {
		load[i] = float64(info.Loads[i]) / (1 << 16)
	}
	return load
}

func uptime() float64 {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0
	}
	return float64(ts.Nano()) / 1e9
}

// residentSize returns the bytes of this process that are in memory.
func residentSize() float64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var all, resident float64 // pages
	if _, err := fmt.Sscan(string(text), &all, &resident); err != nil {
		return 0
	}
	return resident * float64(os.Getpagesize())
}

// memory counts all memory as free that is available without swapping, as Node does.
func memory() (total, free uint64) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(text)) {
		var kilobytes uint64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kilobytes); n == 1 {
			total = kilobytes << 10
		} else if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kilobytes); n == 1 {
			free = kilobytes << 10
		}
	}
	return total, free
}

// jiffy is the unit of times in /proc/stat, in milliseconds: the kernel scales all of them to
// hundredths of a second.
const jiffy = 10

func cpus() (all []cpu) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 7 || !strings.HasPrefix(fields[0], "cpu") || fields[0] == "cpu" {
			continue
		}
		time := func(i int) float64 {
			n, _ := strconv.ParseFloat(fields[i], 64) // A malformed number counts as 0.
			return n * jiffy
		}
		all = append(all, cpu{model: "unknown", user: time(1), nice: time(2), sys: time(3), idle: time(4), irq: time(6)})
	}
	describeCPUs(all)
	return all
}

// describeCPUs adds the models and speeds of /proc/cpuinfo, whose lines differ between
// architectures.
func describeCPUs(all []cpu) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return
	}
	i := -1
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "processor":
			i++
		case "model name":
			if 0 <= i && i < len(all) {
				all[i].model = value
			}
		case "cpu MHz":
			if 0 <= i && i < len(all) {
				mhz, _ := strconv.ParseFloat(value, 64)
				all[i].speed = float64(int(mhz))
			}
		}
	}
}

// niceness returns the nice value: getpriority(2) returns 20 minus it, because a negative result
// would be an error.
func niceness(priority int) int { return 20 - priority }

// setPriority sets the nice value of each thread of this process, because on Linux each thread has
// its own.
func setPriority(pid, nice int) error {
	if pid != 0 && pid != os.Getpid() {
		return unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return unix.Setpriority(unix.PRIO_PROCESS, pid, nice)
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(thread.Name())
		if err != nil {
			continue
		}
		// ESRCH: the thread has exited.
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, nice); err != nil && err != unix.ESRCH {
			return err
		}
	}
	return nil
}

// signalAliases are Node's second names of signals.
var signalAliases = map[unix.Signal]string{unix.SIGABRT: "SIGIOT", unix.SIGIO: "SIGPOLL"}
