//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

// hasTrees says whether the system can find the descendants of a process.
const hasTrees = false
