// Package signals names the system's signals and delivers them to a loop. [Name] gives the name of
// a number, [Parse] the number of a name. [Watch] makes a loop call a function when the process
// gets a signal. With [StopOn] the first signal stops a program gently and the second one ends it.
//
// # Names
//
// Every number that kill(2) takes on the system the program was built for has exactly one name, and
// Parse turns that name back into the number:
//
//   - A classic signal has its name from the system's <signal.h>. Where a number has several, Name
//     gives the one of bash's kill -l and of Node (SIGABRT, SIGCHLD, SIGIO, SIGSYS), and Parse also
//     takes the others that the system has (SIGIOT, SIGCLD, SIGPOLL, SIGUNUSED).
//   - A real-time signal is named as by bash's kill -l, from the nearer end of the range: on Linux
//     SIGRTMIN is 34, then come SIGRTMIN+1 (35) to SIGRTMIN+15 (49), SIGRTMAX-14 (50) to SIGRTMAX-1
//     (63), and SIGRTMAX is 64. Parse takes any offset that stays in the range, so SIGRTMIN+16 and
//     SIGRTMAX-14 are both 50.
//   - A number that the kernel takes but no header names is SIG and the number. On Linux these are
//     SIG32 and SIG33, which the GNU C library keeps for its threads: its SIGRTMIN begins after
//     them.
//
// Any other number is not a signal. Name still returns a text for it, "signal 200", and Parse
// refuses that text.
//
// # Differences between systems
//
//	Linux              1 to 64     SIGRTMIN 34, SIGRTMAX 64
//	Linux on MIPS      1 to 128    SIGRTMIN 34, SIGRTMAX 127; SIGEMT in place of SIGSTKFLT, and other numbers from 7 on
//	macOS              1 to 31     no real-time signals
//	FreeBSD            1 to 128    SIGRTMIN 65, SIGRTMAX 126; SIGTHR, SIGLIBRT
//	NetBSD             1 to 63     SIGRTMIN 33, SIGRTMAX 63; SIGPWR
//	OpenBSD            1 to 32     no real-time signals; SIGTHR
//	DragonFly BSD      1 to 127    no real-time signals; SIGTHR, SIGCKPT, SIGCKPTEXIT
//
// The real-time range of Linux is that of the GNU C library. A program built with musl counts from
// 35, because musl keeps 34 too: its SIGRTMIN+1 is 36, which is SIGRTMIN+2 here. Numbers mean the
// same everywhere.
//
// # Watching
//
// A signal sent to the process reaches, once each, every [Watcher] of it on every loop and every
// channel that the program gave to [os/signal.Notify]. It does not matter which thread the kernel
// picked for the signal. If goroutines keep all threads busy, the signal takes longer but arrives.
//
// A signal is a flag, not a message: if it is sent again before the first one was delivered, both
// may count as one. That is the kernel's rule for classic signals, and os/signal has the same rule
// for real-time ones. So a watcher of SIGCHLD must ask about every child. On kqueue systems the
// kernel counts, and the callback runs as often as it counted. A sender that waits until it sees an
// effect loses nothing.
//
// A watched signal does not do what it did before. When its last watcher in the program is closed,
// or that watcher's loop is, the disposition from before is back. That is the default, which for a
// Go program is documented in os/signal unless [Default] was called, or it is ignored, if nohup or
// [os/signal.Ignore] had ignored it. In the latter case Notify channels that the program has added
// meanwhile lose the signal. The program's own [os/signal.Ignore] and [os/signal.Reset] take a
// signal from its watchers as well.
//
// Not every signal can be watched: see [ErrUncatchable], [ErrSynchronous] and [ErrReserved]. The Go
// runtime interrupts its own threads by SIGURG, so a watcher of SIGURG is also called for those.
//
// # The thread of a running loop
//
// On Linux a loop reads its signals from a signalfd(2). While the loop is in [reactor.Loop.Run],
// its locked thread blocks its watched signals, except SIGURG and those of job control. This has
// two consequences. First, a program that a callback starts by os/exec inherits the blocked
// signals: start it on another goroutine. (Package childprocess needs no such help.) Second,
// callbacks must not change the thread's signal mask: if one unblocks a signal just as it is
// delivered, the loop still gets it, but others may see it twice. In [reactor.Loop.Poll], and on
// other systems, no signal is blocked.
//
// On Linux a loop has one goroutine for each signal it watches. The goroutine has ended when the
// Close of the last watcher of the signal on that loop, or the Close of the loop, returns.
package signals
