package process

// wcontinued is WCONTINUED of NetBSD's sys/wait.h, which golang.org/x/sys/unix lacks.
const wcontinued = 0x10
