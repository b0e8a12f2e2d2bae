package reactor

// A platform supplies:
//
//	func threadID() uint64    number of the calling thread, never 0; always 0 where the system has no such call

// MustNotWait panics when it is called in a callback of the loop, however deep. op, named with its
// package, is an operation that waits for the loop: there it would wait for itself. Packages built
// on the loop call MustNotWait before they wait, because otherwise the program would stand still
// without a word.
//
// It compares OS threads, because Run and Poll keep theirs to themselves. That takes a system call
// while the loop is inside one of them, and none otherwise. On OpenBSD, where a program without C
// cannot learn its thread's number, it does nothing.
//
// Safe to call from any goroutine.
func (l *Loop) MustNotWait(op string) {
	l.check("MustNotWait")
	if thread := l.door.thread.Load(); thread != 0 && thread == threadID() {
		panic(op + " on the loop goroutine: it would wait for itself")
	}
}
