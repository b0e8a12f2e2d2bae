package childprocess

import (
	"os"
	"path/filepath"
)

// selfExecutable returns a path of the running program. The child follows this link before
// execve(2), while it is still this program (proc_pid_exe(5)).
func selfExecutable() (string, error) { return "/proc/self/exe", nil }

// nameProcess gives this process the name of its program for ps(1) and pgrep(1). After execve(2) of
// the link, the name is "exe".
func nameProcess() {
	// Best effort: it is only a name. The kernel cuts a long one (proc_pid_comm(5)).
	_ = os.WriteFile("/proc/self/comm", []byte(filepath.Base(os.Args[0])), 0)
}
