package signals

// A platform supplies, each called with dispositions.mu held:
//
//	func refusalOfDefault(s Signal) error    the reason why s must keep the runtime's handler, nil if it need not
//	func setDefault(s Signal) error          gives s the system's default disposition
//	func unblock(all []Signal) error         unblocks all on the calling thread, but none that a loop needs blocked there

// defaults are the signals that [Default] was called for. dispositions.mu guards it.
var defaults = map[Signal]bool{}

// Default makes signals do what the system does by default whenever they are not watched, as in a
// program that is not written in Go. The Go runtime has a handler for every signal. It drops many
// that end other programs, such as SIGUSR2 and SIGALRM. It answers others, such as SIGQUIT and
// SIGABRT, by printing the stacks of all goroutines.
//
// Default is for a program that owns its process, because dispositions belong to the process. When
// the last watcher of a signal is closed, the default is back. A signal that arrives in the moment
// between two dispositions is dropped. If the program was started with some of the signals blocked,
// the calling thread unblocks them; in a callback of a loop it leaves the watched ones blocked.
//
// Errors are a *[WatchError] for the first signal whose handler the runtime must keep: signals that
// no program can catch; SIGSEGV, SIGBUS, SIGFPE and SIGILL, which the runtime turns into panics;
// SIGURG, by which it interrupts its threads; and signals of thread libraries. On systems other
// than Linux that is every signal, and the error wraps [errors.ErrUnsupported].
//
// Preconditions:
//
//   - The program does not catch these signals by [os/signal.Notify], which would not install the
//     runtime's handler again. Watch does.
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
