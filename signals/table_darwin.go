package signals

// NSIG of <sys/signal.h>, less one. There are no real-time signals.
const (
	maxSignal Signal = 31
	rtMin     Signal = 0
	rtMax     Signal = -1
)

// extra is empty. <sys/signal.h> gives number 7 the name SIGPOLL when strict POSIX is asked for and
// SIGEMT otherwise; elsewhere SIGPOLL is another word for SIGIO, which is 23 here. Refusing it is
// better than sending the wrong one.
var extra []named
