//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

import (
	"encoding/binary"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

func loadAverage() (load [3]float64) {
	// struct loadavg: three 32-bit numbers and, at byte 16, the factor they are scaled by.
	raw, err := unix.SysctlRaw("vm.loadavg")
	if err != nil || len(raw) < 24 {
		return load
	}
	scale := float64(binary.NativeEndian.Uint64(raw[16:]))
	for i := range load {
		load[i] = float64(binary.NativeEndian.Uint32(raw[4*i:])) / scale
	}
	return load
}

func uptime() float64 {
	// struct timeval begins with the seconds.
	raw, err := unix.SysctlRaw("kern.boottime")
	if err != nil || len(raw) < 8 {
		return 0
	}
	return float64(time.Now().Unix() - int64(binary.NativeEndian.Uint64(raw)))
}

func memory() (total, free uint64) {
	for _, name := range []string{"hw.memsize", "hw.physmem64", "hw.physmem"} {
		if n, err := unix.SysctlUint64(name); err == nil && n > 0 {
			total = n
			break
		}
	}
	for _, name := range []string{"vm.page_free_count", "vm.stats.vm.v_free_count"} {
		if n, err := unix.SysctlUint32(name); err == nil {
			free = uint64(n) * uint64(unix.Getpagesize())
			break
		}
	}
	return total, free
}

// cpus leaves the times zero, because each of the systems reports them in another way.
func cpus() []cpu {
	model := "unknown"
	for _, name := range []string{"machdep.cpu.brand_string", "hw.model"} {
		if text, err := unix.Sysctl(name); err == nil && text != "" {
			model = text
			break
		}
	}
	all := make([]cpu, runtime.NumCPU())
	for i := range all {
		all[i].model = model
	}
	return all
}

func niceness(priority int) int { return priority }

func setPriority(pid, nice int) error { return unix.Setpriority(unix.PRIO_PROCESS, pid, nice) }

// residentSize returns the bytes that Go's runtime has from the system, because no file tells how
// much of the process is in memory.
func residentSize() float64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys)
}

// signalAliases are Node's second names of signals.
var signalAliases = map[unix.Signal]string{unix.SIGABRT: "SIGIOT"}
