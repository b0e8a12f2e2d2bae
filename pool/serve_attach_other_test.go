//go:build !linux

package pool_test

// readyAttach is what a worker's ready message says of attachments: nothing.
const readyAttach = ""
