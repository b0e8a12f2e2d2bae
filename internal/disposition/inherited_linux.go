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

// foreign are the signals that os/signal cannot touch because C libraries use them among their threads.
var foreign = [...]syscall.Signal{32, 33, 34}

// foreignIgnored reports whether one of them was ignored when this program was started.
func foreignIgnored() bool {
	for _, s := range foreign {
		if isIgnored(s) {
			return true
		}
	}
	return false
}

// defaultForeign sets those of them that are ignored to their default, which is harmless for the time of a fork: where
// they are ignored nobody sends them.
func defaultForeign() (restore func()) {
	saved := map[syscall.Signal]action{}
	for _, s := range foreign {
		if a, ok := dispositionOf(s); ok && a.words[handlerWord] == sigIgn {
			saved[s] = a
			setDisposition(s, action{})
		}
	}
	return func() {
		for s, a := range saved {
			setDisposition(s, a)
		}
	}
}
