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

// residentSize is how many bytes of this process are in memory.
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

// memory counts as free what could be had without swapping, as Node does.
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

// jiffy is the unit of times in /proc/stat: milliseconds, since the kernel shows all of them in
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
			n, _ := strconv.ParseFloat(fields[i], 64) // What is no number is a time nobody knows.
			return n * jiffy
		}
		all = append(all, cpu{model: "unknown", user: time(1), nice: time(2), sys: time(3), idle: time(4), irq: time(6)})
	}
	describeCPUs(all)
	return all
}

// describeCPUs fills in what /proc/cpuinfo tells, whose lines differ between architectures.
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

// niceness undoes that the kernel returns 20 minus the nice value, so that it is no error.
func niceness(priority int) int { return 20 - priority }

// setPriority sets the nice value of each thread of this process, because Linux has one for each.
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
		// It may have ended.
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, nice); err != nil && err != unix.ESRCH {
			return err
		}
	}
	return nil
}

// signalAliases are names that Node has beside the usual ones.
var signalAliases = map[unix.Signal]string{unix.SIGABRT: "SIGIOT", unix.SIGIO: "SIGPOLL"}
