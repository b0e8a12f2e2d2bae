//go:build netbsd || openbsd

package reactor

// newWaker always makes a pipe. EVFILT_USER came to these systems late (NetBSD 10, OpenBSD 7.7) and
// golang.org/x/sys does not know it there. The pipe has a merit of its own: NetBSD before 10 can
// lose an event when a second thread calls kevent(2) on the same queue
// (https://go.dev/issue/42515), and so only the loop's ever does.
func newWaker(*poller, bool) (waker, error) { return newPipeWaker() }
