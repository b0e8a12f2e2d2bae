package signals

// NSIG of <sys/signal.h>, less one. There are no real-time signals.
const (
	maxSignal Signal = 31
	rtMin     Signal = 0
	rtMax     Signal = -1
)

// extra is empty. <sys/signal.h> names number 7 SIGPOLL in strict POSIX mode and SIGEMT otherwise.
// Elsewhere SIGPOLL is another name of SIGIO, which is 23 here. So Parse refuses SIGPOLL, because
// that is better than sending the wrong signal.
var extra []named
