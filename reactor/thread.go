package reactor

import "slices"

// threadBinding is one pair of functions given to BindThread.
type threadBinding struct {
	enter, leave func()
}

// BindThread calls enter on the loop's OS thread each time Run has locked it, at once if it is
// locked now, and leave before Run unlocks it. Use it for state that the kernel keeps per thread,
// such as the signal mask. unbind removes both, and calls leave if enter was called last.
// [Loop.Poll] calls neither, nor does Run with [Options].Netpoll. BindThread panics when a function
// is nil or the loop is closed.
func (l *Loop) BindThread(enter, leave func()) (unbind func()) {
	l.checkOpen("BindThread", enter == nil || leave == nil)
	b := &threadBinding{enter, leave}
	l.threads = append(l.threads, b)
	if l.threadsEntered {
		enter()
	}
	return func() {
		i := slices.Index(l.threads, b)
		if i < 0 {
			return
		}
		l.threads = slices.Delete(l.threads, i, i+1)
		if l.threadsEntered {
			leave()
		}
	}
}

func (l *Loop) enterThread() {
	l.threadsEntered = true
	for _, b := range l.threads {
		b.enter()
	}
}

func (l *Loop) leaveThread() {
	l.threadsEntered = false
	for _, b := range slices.Backward(l.threads) {
		b.leave()
	}
}
