package reactor

// threadID does not know: since OpenBSD 7.5 system calls go through the C library alone, and
// neither Go nor golang.org/x/sys reaches its getthrid(2).
func threadID() uint64 { return 0 }
