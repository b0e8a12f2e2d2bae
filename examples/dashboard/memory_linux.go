package main

// maxMemory is the memory of a worker, in bytes, from which on it is replaced. With it the pool
// looks at memory at all.
const maxMemory = 256 << 20
