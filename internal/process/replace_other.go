//go:build unix && !(linux && (amd64 || arm64))

package process

// CanReplace reports whether Replace can honour more of a Spec than what syscall.Exec takes: Files,
// Args and Env.
func CanReplace() bool { return false }

// Replace has this process run the program of spec, by syscall.Exec. It returns only on a failure.
func Replace(spec *Spec) *Failure { return replaceByExec(spec) }
