package childprocess

import (
	"os"
	"path/filepath"
)

// selfExecutable returns the program that is running. The link is followed by the child before it
// executes, when it still is this program (proc_pid_exe(5)).
func selfExecutable() (string, error) { return "/proc/self/exe", nil }

// nameProcess gives this process the name of its program, for ps(1) and pgrep(1): so far it is
// called exe, as the link.
func nameProcess() {
	// Best effort: it is but a name. The kernel cuts what is too long for it (proc_pid_comm(5)).
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0)
}
