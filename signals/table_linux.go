package signals

import "golang.org/x/sys/unix"

// common has the signals that every architecture has, though not at the same numbers. See signal(7)
// and the kernel's include/uapi/asm-generic/signal.h.
var common = []named{
	{unix.SIGHUP, "SIGHUP"},
	{unix.SIGINT, "SIGINT"},
	{unix.SIGQUIT, "SIGQUIT"},
	{unix.SIGILL, "SIGILL"},
	{unix.SIGTRAP, "SIGTRAP"},
	{unix.SIGABRT, "SIGABRT"},
	{unix.SIGIOT, "SIGIOT"},
	{unix.SIGBUS, "SIGBUS"},
	{unix.SIGFPE, "SIGFPE"},
	{unix.SIGKILL, "SIGKILL"},
	{unix.SIGUSR1, "SIGUSR1"},
	{unix.SIGSEGV, "SIGSEGV"},
	{unix.SIGUSR2, "SIGUSR2"},
	{unix.SIGPIPE, "SIGPIPE"},
	{unix.SIGALRM, "SIGALRM"},
	{unix.SIGTERM, "SIGTERM"},
	{unix.SIGCHLD, "SIGCHLD"},
	{unix.SIGCLD, "SIGCLD"},
	{unix.SIGCONT, "SIGCONT"},
	{unix.SIGSTOP, "SIGSTOP"},
	{unix.SIGTSTP, "SIGTSTP"},
	{unix.SIGTTIN, "SIGTTIN"},
	{unix.SIGTTOU, "SIGTTOU"},
	{unix.SIGURG, "SIGURG"},
	{unix.SIGXCPU, "SIGXCPU"},
	{unix.SIGXFSZ, "SIGXFSZ"},
	{unix.SIGVTALRM, "SIGVTALRM"},
	{unix.SIGPROF, "SIGPROF"},
	{unix.SIGWINCH, "SIGWINCH"},
	{unix.SIGIO, "SIGIO"},
	{unix.SIGPOLL, "SIGPOLL"},
	{unix.SIGPWR, "SIGPWR"},
	{unix.SIGSYS, "SIGSYS"},
}

// rtMin is the GNU C library's SIGRTMIN: it keeps the kernel's first two real-time signals, 32 and
// 33, for itself. See sysdeps/nptl in glibc.
const rtMin Signal = 34
