// Package signals has the names of the system's signals: [Name] gives the name of a number, [Parse]
// the number of a name. [Watch] has a loop call a function when the process gets a signal. [StopOn]
// is for a program whose first signal stops it gently and whose second one ends it.
//
// # Names
//
// Every number that kill(2) takes on the system the program was built for has exactly one name, and
// Parse of that name is that number again:
//
//   - The classic signals have the name of the system's <signal.h>. Where a number has several,
//     Name gives the one that kill -l of bash and Node have (SIGABRT, SIGCHLD, SIGIO, SIGSYS), and
//     Parse takes the others too (SIGIOT, SIGCLD, SIGPOLL, SIGUNUSED), as far as the system has
//     them.
//   - Real-time signals are named as kill -l of bash names them, from whichever end is nearer: on
//     Linux SIGRTMIN is 34, then come SIGRTMIN+1 (35) to SIGRTMIN+15 (49), SIGRTMAX-14 (50) to
//     SIGRTMAX-1 (63), and SIGRTMAX is 64. Parse takes any offset that stays in the range, so
//     SIGRTMIN+16 and SIGRTMAX-14 are both 50.
//   - Numbers the kernel takes but no header names are SIG and the number. On Linux these are SIG32
//     and SIG33, the two that the GNU C library keeps for its threads: SIGRTMIN begins behind them.
//
// Any other number is not a signal. Name still gives something to read, "signal 200", and Parse
// refuses it.
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
// 35, because musl keeps 34 too: its SIGRTMIN+1 is 36, here SIGRTMIN+2. Numbers mean the same
// everywhere.
//
// # Watching
//
// A signal sent to the process reaches every [Watcher] of it on every loop, and every channel that
// the program itself gave to [os/signal.Notify], once each. Which thread the kernel picked for it,
// and whether goroutines keep all threads busy, makes no difference, except to how long it takes.
//
// A signal is a flag, not a message: one that is sent again before the first was delivered may
// count as the same. That is the kernel's rule for classic signals, and os/signal has it for the
// real-time ones too. So whoever watches SIGCHLD asks about every child. Where the kernel counts,
// on kqueue systems, the callback runs as often as it counted. A sender that waits until it sees an
// effect loses nothing.
//
// While a signal is watched it does not do what it did before. When its last watcher in the program
// is closed, or that watcher's loop is, the disposition from before is back: the default, which for
// a Go program is the one that os/signal documents, unless [Default] says otherwise, or ignored, if
// it was ignored by nohup or [os/signal.Ignore]. In the latter case Notify channels that the
// program has added meanwhile lose the signal. The program's own [os/signal.Ignore] and
// [os/signal.Reset] take a signal from its watchers as well.
//
// Not every signal can be watched: see [ErrUncatchable], [ErrSynchronous] and [ErrReserved]. The Go
// runtime uses SIGURG to interrupt its own threads, so that a watcher of it is called when nobody
// sent one.
//
// # The thread of a running loop
//
// On Linux a loop reads its signals from a signalfd(2), and the thread that [reactor.Loop.Run] has
// locked blocks them while it is in Run, but for SIGURG and those of job control. This shows in two
// places. A program that a callback starts by os/exec inherits the blocked signals: start it on
// another goroutine. (Package childprocess needs no such help.) And callbacks should leave the mask
// of the thread alone: when one unblocks a signal just as it is delivered, the loop still gets it,
// but others may see it twice. In [reactor.Loop.Poll], and on other systems, nothing is blocked.
//
// Every loop has one goroutine for each signal it watches on Linux. It ends with the last watcher
// of the signal on that loop, before the Close of that watcher, or of the loop, returns.
package signals
