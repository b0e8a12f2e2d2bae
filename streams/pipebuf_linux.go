package streams

// blockingWrite is the most that is written at once, in bytes, to a descriptor whose mode may be
// blocking: poll(2) promises room for that much in a pipe (PIPE_BUF; see pipe(7)).
const blockingWrite = 4096
