package main

import (
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// openFiles are descriptors that a program does not use. They are close-on-exec, as nearly all are
// in a program that starts others.
type openFiles []int

// resize opens or closes descriptors until there are n.
func (o *openFiles) resize(n int) {
	if len(*o) == 0 && n > 0 {
		fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		check(err)
		*o = append(*o, fd)
	}
	for len(*o) < n {
		fd, err := unix.FcntlInt(uintptr((*o)[0]), unix.F_DUPFD_CLOEXEC, 0)
		check(err)
		*o = append(*o, fd)
	}
	for _, fd := range (*o)[n:] {
		check(unix.Close(fd))
	}
	*o = (*o)[:n]
}

// workingFiles is more than the number of descriptors that any contestant uses.
const workingFiles = 100

// mostOpenFiles returns the number of openFiles that a process can have, up to growthMost. It
// raises the hard limit if that is needed and allowed.
var mostOpenFiles = sync.OnceValue(func() int {
	const need = growthMost + workingFiles
	var limit unix.Rlimit
	check(unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if limit.Max >= need || unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: need, Max: need}) == nil {
		return growthMost
	}
	return max(0, int(limit.Max)-workingFiles)
})

// warnOpenFiles prints a warning if there will be fewer openFiles than intended.
func warnOpenFiles() {
	if most := mostOpenFiles(); most < growthMost {
		fmt.Fprintf(os.Stderr, "without %d open descriptors: the hard limit allows %d of them\n", growthMost, most)
	}
}
