//go:build !linux

package streams

// blockingWrite is the most that is written at once, in bytes, to a descriptor whose mode may be
// blocking: poll(2) promises room for that much in a pipe (the least PIPE_BUF that POSIX allows).
const blockingWrite = 512
