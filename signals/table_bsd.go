//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package signals

import "golang.org/x/sys/unix"

// common has the signals of 4.4BSD, which are the same on all its descendants. See signal(3) and
// <sys/signal.h>.
var common = []named{
	{unix.SIGHUP, "SIGHUP"},
	{unix.SIGINT, "SIGINT"},
	{unix.SIGQUIT, "SIGQUIT"},
	{unix.SIGILL, "SIGILL"},
	{unix.SIGTRAP, "SIGTRAP"},
	{unix.SIGABRT, "SIGABRT"},
	{unix.SIGIOT, "SIGIOT"},
	{unix.SIGEMT, "SIGEMT"},
	{unix.SIGFPE, "SIGFPE"},
	{unix.SIGKILL, "SIGKILL"},
	{unix.SIGBUS, "SIGBUS"},
	{unix.SIGSEGV, "SIGSEGV"},
	{unix.SIGSYS, "SIGSYS"},
	{unix.SIGPIPE, "SIGPIPE"},
	{unix.SIGALRM, "SIGALRM"},
	{unix.SIGTERM, "SIGTERM"},
	{unix.SIGURG, "SIGURG"},
	{unix.SIGSTOP, "SIGSTOP"},
	{unix.SIGTSTP, "SIGTSTP"},
	{unix.SIGCONT, "SIGCONT"},
	{unix.SIGCHLD, "SIGCHLD"},
	{unix.SIGTTIN, "SIGTTIN"},
	{unix.SIGTTOU, "SIGTTOU"},
	{unix.SIGIO, "SIGIO"},
	{unix.SIGXCPU, "SIGXCPU"},
	{unix.SIGXFSZ, "SIGXFSZ"},
	{unix.SIGVTALRM, "SIGVTALRM"},
	{unix.SIGPROF, "SIGPROF"},
	{unix.SIGWINCH, "SIGWINCH"},
	{unix.SIGINFO, "SIGINFO"},
	{unix.SIGUSR1, "SIGUSR1"},
	{unix.SIGUSR2, "SIGUSR2"},
}
