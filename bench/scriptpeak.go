package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// peakServer is a server with the order "peak N", which runs a command N times and returns the sum
// of their peaks of memory. The peak that wait4(2) reports is at least that of this process,
// because a child shares its memory up to the exec. So ptrace(2) stops the child as it exits, when
// its own figure is there.
func peakServer(command []string) {
	runtime.LockOSThread() // Only the tracing thread may call ptrace.
	serve(func(_ string, args []int) (sum int64) {
		for range args[0] {
			sum += peakOf(command)
		}
		return sum
	})
}

func peakOf(command []string) int64 {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	check(err)
	defer func() { check(null.Close()) }()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = null, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	check(cmd.Start())
	pid := cmd.Process.Pid
	stopped := func() (ws unix.WaitStatus) {
		_, err := unix.Wait4(pid, &ws, 0, nil)
		check(err)
		return ws
	}
	if ws := stopped(); !ws.Stopped() {
		fatal(fmt.Errorf("%s: wait status %#x in place of a stop at its exec", command[0], ws))
	}
	check(unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACEEXIT))
	var peak int64
	for signal := 0; ; {
		// Another thread's exit has ended the stop.
		if err := unix.PtraceCont(pid, signal); err != unix.ESRCH {
			check(err)
		}
		ws := stopped()
		switch {
		case ws.Exited() && ws.ExitStatus() == 0 && peak > 0:
			check(cmd.Process.Release())
			return peak
		case !ws.Stopped():
			fatal(fmt.Errorf("%s: wait status %#x", command[0], ws))
		case ws.TrapCause() == unix.PTRACE_EVENT_EXIT:
			peak, signal = memoryOf(pid, "VmHWM"), 0
		default:
			signal = int(ws.StopSignal()) // Deliver the signal that the child was sent.
		}
	}
}
