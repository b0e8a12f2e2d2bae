//go:build unix && !(linux && (amd64 || arm64))

package process

// Force has nothing to force here.
func Force(what string) bool { return what == "" || what == "forkexec" }
