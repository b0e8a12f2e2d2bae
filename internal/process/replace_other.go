//go:build unix && !(linux && (amd64 || arm64))

package process

// CanReplace reports false: Replace is syscall.Exec, which honours Files, Args and Env.
func CanReplace() bool { return false }

// Replace makes this process run the file of spec, by syscall.Exec. It returns only on a failure.
func Replace(spec *Spec) *Failure { return replaceByExec(spec) }
