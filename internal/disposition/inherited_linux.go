package disposition

import (
	"os"
	"syscall"
)

// leftAlone are the signals whose inherited SIG_IGN the Go runtime keeps and does not always report by signal.Ignored.
var leftAlone = [...]syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT}

// inheritedIgnored asks the kernel: only it knows.
func inheritedIgnored() (list []os.Signal) {
	for _, s := range leftAlone {
		if isIgnored(s) {
			list = append(list, s)
		}
	}
	return list
}
