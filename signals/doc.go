// Package signals has the names of the system's signals: [Name] gives the name of a number, [Parse] the number of a
// name.
//
// # Names
//
// Every number that kill(2) takes on the system the program was built for has exactly one name, and Parse of that name
// is that number again:
//
//   - The classic signals have the name of the system's <signal.h>. Where a number has several, Name gives the one that
//     kill -l of bash and Node have (SIGABRT, SIGCHLD, SIGIO, SIGSYS), and Parse takes the others too (SIGIOT, SIGCLD,
//     SIGPOLL, SIGUNUSED), as far as the system has them.
//   - Real-time signals are named as kill -l of bash names them, from whichever end is nearer: on Linux SIGRTMIN is 34,
//     then come SIGRTMIN+1 (35) to SIGRTMIN+15 (49), SIGRTMAX-14 (50) to SIGRTMAX-1 (63), and SIGRTMAX is 64. Parse takes
//     any offset that stays in the range, so SIGRTMIN+16 and SIGRTMAX-14 are both 50.
//   - Numbers the kernel takes but no header names are SIG and the number. On Linux these are SIG32 and SIG33, the two
//     that the GNU C library keeps for its threads: SIGRTMIN begins behind them.
//
// Any other number is not a signal. Name still gives something to read, "signal 200", and Parse refuses it.
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
// The real-time range of Linux is that of the GNU C library. A program built with musl counts from 35, because musl keeps
// 34 too: its SIGRTMIN+1 is 36, here SIGRTMIN+2. Numbers mean the same everywhere.
package signals
