package disposition

import (
	"os"
	"slices"
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

func isForeign(s syscall.Signal) bool { return slices.Contains(foreign[:], s) }

// defaultForeign sets those of them that are ignored to their default, which is harmless for the time of a fork: where
// they are ignored nobody sends them.
func defaultForeign() (restore func()) {
	var saved [len(foreign)]action
	for i, s := range foreign {
		if a, ok := dispositionOf(s); ok && a.words[handlerWord] == sigIgn {
			saved[i] = a
			setDisposition(s, action{})
		}
	}
	return func() {
		for i, s := range foreign {
			if saved[i].words[handlerWord] != sigIgn {
				continue
			}
			// A C library may have begun to use it, and would wait for ever for what is then ignored.
			if now, ok := dispositionOf(s); ok && now.words[handlerWord] == sigDfl {
				setDisposition(s, saved[i])
			}
		}
	}
}
