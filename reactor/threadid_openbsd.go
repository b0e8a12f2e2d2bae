package reactor

// threadID always returns 0: since OpenBSD 7.5 only the C library may make system calls, and
// neither Go nor golang.org/x/sys has its getthrid(2).
func threadID() uint64 { return 0 }
