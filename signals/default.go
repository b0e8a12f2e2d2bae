package signals

// defaults are the signals that [Default] was called for. dispositions.mu guards it.
var defaults = map[Signal]bool{}

// Default has signals do what the system does by default, as they do in a program that is not
// written in Go, whenever they are not watched. The Go runtime has a handler for every signal. It
// drops many that end other programs, such as SIGUSR2 and SIGALRM, and answers others, such as
// SIGQUIT and SIGABRT, by printing what all goroutines do.
//
// Default is for a program that owns its process, because dispositions belong to the process. The
// program must not catch these signals by [os/signal.Notify], which would not put the runtime's
// handler back; Watch does. A watcher that is closed leaves the default again. A signal that comes
// in the moment between two dispositions is dropped. What the program was started with blocked, the
// calling thread unblocks.
//
// Errors are a *[WatchError] for the first signal that has none of this: those that nobody can
// catch, SIGSEGV, SIGBUS, SIGFPE and SIGILL, of which the runtime makes panics, SIGURG, by which it
// interrupts its threads, and signals of thread libraries. Systems other than Linux have it for
// none: the error wraps [errors.ErrUnsupported].
//
// Safe to call from any goroutine.
func Default(all ...Signal) error {
	dispositions.mu.Lock()
	defer dispositions.mu.Unlock()
	for _, s := range all {
		if err := refusalOfDefault(s); err != nil {
			return &WatchError{s, err}
		}
		if _, watched := dispositions.bySignal[s]; !watched {
			if err := setDefault(s); err != nil {
				return &WatchError{s, err}
			}
		}
		defaults[s] = true
	}
	return unblock(all)
}
