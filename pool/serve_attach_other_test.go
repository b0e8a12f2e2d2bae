//go:build !linux

package pool_test

// readyAttach is empty, because workers take no attachments here.
const readyAttach = ""
