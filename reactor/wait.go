package reactor

// A platform supplies:
//
//	func threadID() uint64    of the calling thread, never 0; or always 0 where the system does not tell

// MustNotWait panics when it is called on the goroutine that runs the loop, which is in a callback,
// however deep: op, named with its package, waits for the loop and would wait for itself. Packages
// that are built on the loop call it before they wait, since otherwise the program would just stand
// still.
//
// It compares OS threads, since Run and Poll keep theirs to themselves. That takes a system call
// while the loop is inside one of them, and nothing otherwise. On OpenBSD, where a program without
// C cannot learn which thread it is on, it does nothing.
//
// Safe to call from any goroutine.
func (l *Loop) MustNotWait(op string) {
	l.check("MustNotWait")
	if thread := l.door.thread.Load(); thread != 0 && thread == threadID() {
		panic(op + " on the loop goroutine: it would wait for itself")
	}
}
