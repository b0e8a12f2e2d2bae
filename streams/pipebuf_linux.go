package streams

// blockingWrite is the greatest number of bytes of one write to a descriptor whose mode may be
// blocking: if poll(2) reports a pipe as writable, it has room for that many (PIPE_BUF; see
// pipe(7)).
const blockingWrite = 4096
