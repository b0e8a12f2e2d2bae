//go:build netbsd || openbsd

package reactor

// newWaker always makes a pipe. EVFILT_USER came to these systems late (NetBSD 10, OpenBSD 7.7),
// and golang.org/x/sys does not have it for them. A pipe also avoids a bug: NetBSD before 10 can
// lose an event when a second thread calls kevent(2) on the same queue
// (https://go.dev/issue/42515), and with a pipe only the loop's thread calls it.
func newWaker(*poller, bool) (waker, error) { return newPipeWaker() }
