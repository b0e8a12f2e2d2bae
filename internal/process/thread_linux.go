package process

import (
	"time"

	"golang.org/x/sys/unix"
)

func isMainThread() bool { return unix.Gettid() == unix.Getpid() }

// endingThread is what awaitThread is to be told of this thread.
func endingThread() int { return unix.Gettid() }

// threadPause is how long it takes about until a thread has ended whose goroutine has.
const threadPause = 20 * time.Microsecond

// awaitThread returns when a thread of this program has ended whose goroutine is about to. Until
// then a table of its own keeps the descriptors open that were copied into it: a child would not
// see the end of its stdin, nor we that of its stdout. It asks again and again, because nothing
// tells of the end of a thread that the runtime has made.
func awaitThread(id int) {
	for id != 0 && unix.Tgkill(unix.Getpid(), id, 0) == nil {
		time.Sleep(threadPause)
	}
}
