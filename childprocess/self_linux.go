package childprocess

// selfExecutable returns the program that is running. The link is followed by the child before it executes, when it
// still is this program (proc_pid_exe(5)).
func selfExecutable() (string, error) { return "/proc/self/exe", nil }
