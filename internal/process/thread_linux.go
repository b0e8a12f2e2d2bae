package process

import (
	"time"

	"golang.org/x/sys/unix"
)

func isMainThread() bool { return unix.Gettid() == unix.Getpid() }

// endingThread returns the number of this thread, for awaitThread.
func endingThread() int { return unix.Gettid() }

// threadPause is about the time from the end of a locked goroutine to the end of its thread.
const threadPause = 20 * time.Microsecond

// awaitThread waits until a thread of this program has ended whose goroutine is about to end. Until
// then a table of its own keeps the descriptors open that were copied into it: a child would not
// see the end of its stdin, nor this program that of the child's stdout. It asks again and again,
// because the system does not report the end of a thread that the runtime has made.
func awaitThread(id int) {
	for id != 0 && unix.Tgkill(unix.Getpid(), id, 0) == nil {
		time.Sleep(threadPause)
	}
}
