//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package host

// hasTrees says whether the descendants of a process can be found.
const hasTrees = false
