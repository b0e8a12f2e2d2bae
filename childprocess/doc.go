// Package childprocess starts child processes on a [reactor.Loop] and follows them with the events
// of Node's child_process module: spawn, exit, close and error, data on streams, in Node's order,
// each at most once.
//
// # Life of a child
//
// [Spawn] returns a [ChildProcess] whose listeners are then added; no event comes before the
// caller's callback has returned. The events are:
//
//   - spawn, on the next tick, before everything else; or error, when the system refused to start
//     the program;
//   - exit, when the process has ended. What it wrote and sent before was delivered, as far as the
//     program reads it; more may follow, since a grandchild can hold the pipes;
//   - close, after exit and after the end of every pipe that the child wrote to. It is the last
//     event, and the one to wait for when the output matters.
//
// When the child has exited, its stdin is destroyed, and streams that do not flow are resumed, so
// that close comes although nobody reads (Node v20, lib/internal/child_process.js, flushStdio).
//
// The states, and the events between them:
//
//	Spawn ──> starting ──spawn──> running ──exit──> exited ──close──> closed
//	              │                  │                ^
//	              ├──error───────────┼────────────────┘                  not started
//	              │                  │
//	              └──────────────────┴──Loop.Close──> survivor ──> gone  no events
//
// Beside these:
//
//   - starting is over when Spawn returns. It lasts with Options.Async alone, and signals wait for
//     its end;
//   - not started: error comes in place of spawn and exit, close follows, and ExitStatus.NotStarted
//     has the reason;
//   - lost: somebody else in the program has taken the status. exit comes all the same, with
//     ExitStatus.Lost;
//   - killed: a signal is no state, the exit that it causes is. ExitStatus.Cause has the limit that
//     has sent it;
//   - disconnect comes when the channel ends, which changes no state: while the child runs, before
//     its exit, or before close if somebody else goes on to have the child's end;
//   - a stream that the program destroys counts as one that has ended;
//   - a survivor is described under "Closing the loop".
//
// # Forms
//
//   - [Spawn] is the form that the others are made of;
//   - [Exec] and [ExecFile] collect the output and call back once, with it and an [ExitError] if
//     the command failed;
//   - [Fork] and [ForkSelf] start a child that exchanges messages with this program, in Node's
//     protocol;
//   - [SpawnSync], [ExecSync] and [ExecFileSync] wait on a loop of their own, on the calling
//     goroutine;
//   - [Output], [Run] and [Lines], and with options [OutputWith], [RunWith] and [LinesWith], are
//     for goroutines, without a loop to run.
//
// An option means the same in each of them. A form refuses what it cannot honour, with an
// *[ArgumentError] that names it.
//
// Each of them starts the child on the thread that calls, which waits until the child has executed
// its program; so what is true of that thread, such as its network namespace, is true of the child.
// With [Options].Async another thread does it, and with PreSpawn or Pdeathsig one that is for such
// children.
//
// # Settings of a child
//
// [Options] has settings which the child gets before it executes its program, and which change
// nothing of this program. What each needs, beside privileges:
//
//	                     BackendFork     BackendForkExec on
//	                                     Linux     FreeBSD   others
//	UID, GID, Groups     yes             yes       yes       yes
//	Detached, Setpgid    yes             yes       yes       yes
//	Chroot               yes             yes       yes       yes
//	Pdeathsig            yes             yes (1)   yes       no
//	Cloneflags           yes             yes (5)   no        no
//	Uid-, GidMappings    yes             yes       no        no
//	AmbientCaps          yes, Linux 4.3  yes       no        no
//	Cgroup               yes, v2         yes (2)   no        no
//	Umask, Nice, CPUs    yes             no        no        no
//	OOMScore             yes, /proc      no        no        no
//	IOPriority, Rlimits  yes             no        no        no
//	NoNewPrivs           yes             no        no        no
//	Landlock             yes, Linux 5.13 no        no        no
//	Seccomp              yes, Linux 3.17 no        no        no
//	Foreground           yes             no        no        no
//	FDsSlots             yes             yes (3)   no (4)    no (4)
//	FDsCloseOnExec       yes             yes       yes       yes
//	PreSpawn             yes             yes       yes       yes
//	ListenFDs            yes             no        no        no
//	PipeCapacity         yes             yes       no        no
//
// (1) With FDsCloseOnExec. (2) Linux 5.7. (3) By a thread of its own, which takes longer. (4)
// Descriptors that are not close-on-exec are inherited. (5) But for CLONE_NEWTIME, which
// BackendFork has by clone3(2), Linux 5.6. BackendFork is Linux on amd64 and arm64; BackendAuto is
// BackendFork there, and BackendForkExec elsewhere.
//
// What is not there is an *[UnsupportedError], before anything is started. What the kernel turns
// out not to have (a kind of namespace, a capability, a cgroup of version 1, landlock) or refuses
// is a *[SpawnError] with the step of that setting. Both wrap [errors.ErrUnsupported] when it is
// not there.
//
// # Ending a child early
//
// [Options].Timeout and Context send KillSignal, and SIGKILL after KillGrace if it is given: to the
// process group that the child leads, to a shell and what it has started, or else to the child; see
// KillSignal. A limit looks before it shoots: a child that has ended in time is a success, however
// late this program looks. [ChildProcess.Terminate] does the same for the program's own reasons,
// and [ChildProcess.Kill] and [ChildProcess.KillGroup] only send a signal. CloseGrace bounds how
// long a grandchild with the pipes in its hands can delay close; a child that has left one behind
// and exited with 0 is a success all the same. ExitStatus.Cause, Forced and CutOff tell what was
// done.
//
// # Trees and orphans
//
// [ChildProcess.KillTree] and ScopeTree reach the descendants of a child, and a [Reaper] has this
// program wait for those whose parents have ended. What each needs:
//
//	                                    Linux                                others
//	KillTree, ScopeTree                 yes, /proc                           no
//	  also daemons, and after the exit  Cgroup of the child's own, Linux 5.2 no
//	  also members of other users       cgroup.kill, Linux 5.14              no
//	NewReaper                           Linux 5.4, pidfds, /proc             no
//	Usage of a running child            yes, /proc                           no
//	Usage.CgroupPeak                    Linux 5.19, memory controller        no
//
// NewReaper and KillTree return an error that wraps [errors.ErrUnsupported] where there is nothing
// of that; what is not there beside has KillTree fall back to the line above, and is 0 in a
// [Usage].
//
// # Closing the loop
//
// Close of the loop lets the children live that still run. Their pipes and channels are closed and
// their events do not come, but this program goes on to wait for their end on a loop in the
// background, and Kill, KillGroup, KillTree and Terminate still reach them, from any goroutine.
// Terminate does then what Cancel says, but for CancelFunc, which has no goroutine any more:
// KillSignal is sent.
//
// # Standard descriptors
//
// By default a child's stdin, stdout and stderr are pipe(7)s, real ones that can be opened again as
// /dev/stdin; the child's ends are in blocking mode. [Options].Stdio gives each descriptor another
// form. The child has no descriptor that is not named there, whoever opened it and how. It starts
// with an empty signal mask, with all signals at their default, also those that this program
// ignores, and with the soft limit of descriptors that this program was started with, which Go has
// raised since, unless the program has set that limit. Nothing of this program is changed for that,
// not even for a moment.
//
// What a slot may be, and what of it is this program's:
//
//	                     slots      what the child has               this program, and Replace
//	Pipe                 any        a pipe, above 2 a socket         a stream
//	Tee(s...)            1, 2       a pipe                           reads it and passes it on
//	Input(r)             0          a pipe, or the file r            writes r, then the end
//	Ignore               any        /dev/null, above 2 nothing       nothing, Replace
//	Inherit, FD, File    any        the same open file               it goes on to have it, Replace
//	Stream(s)            any        the same open file               s, which is lent
//	Path(name, …)        any        a file that is opened for it     nothing, Replace
//	SameAs(slot)         any        the same open file as slot       nothing, Replace
//	PTY                  0 to 2     a terminal                       its other side
//	IPC                  any, one   a socket                         a channel
//
// Of the forms that collect output, the sync forms and those for goroutines refuse Stream, PTY and
// IPC, also as targets of a Tee; Exec and ExecFile take what leaves their output captured, see
// [ExecOptions].
//
// On Linux, on other architectures than amd64 and arm64, and on the BSDs and macOS, children are
// started by
// [syscall.ForkExec]: there they inherit ignored signals, and on the BSDs and macOS descriptors that are not close-on-exec.
//
// A loop takes five low descriptor numbers for its children, with the first one or with [Prepare],
// because the time that the kernel needs for a start grows with the highest number that a child's
// pipes have. It gives them back when descriptors run short, and when it is closed.
//
// # Replacing this program
//
// [Replace] runs a program in this process, with the same lookup, environment, slots and settings
// as a child, and errors as of a child. It returns only when that fails, and has changed nothing of
// this process then. On Linux on amd64 and arm64 it needs unshare(2); elsewhere it is
// [syscall.Exec], which takes none of the settings.
//
// # Socket activation
//
// [Options].ListenFDs passes sockets to a child as a service manager does, and [ListenFDs] takes
// those that one has passed to this program (sd_listen_fds(3)).
//
// # Terminals
//
// [PTY] gives a child a pseudo-terminal, and this program the other side of it,
// [ChildProcess.Terminal], as one duplex stream. Systems differ in how they open it (Linux:
// /dev/ptmx and TIOCGPTPEER, or /dev/pts; FreeBSD: posix_openpt(2); NetBSD and OpenBSD: /dev/ptm;
// DragonFly BSD and macOS: /dev/ptmx). Where there is none to be had, as in a container without
// /dev/ptmx, the error event has a [SpawnError] with [StepStdio] and ENOENT; when all terminals of
// a system are in use, Spawn returns one with ENOSPC (kernel.pty.max, pty(7)).
//
// # How the end of a child is known
//
// On Linux the child's pidfd (pidfd_open(2)) is watched by the loop; where there is none, SIGCHLD
// tells; on the BSDs and macOS it is EVFILT_PROC (kqueue(2)). Only children of this package are
// ever waited for, so os/exec and others in the same program are not disturbed. A child costs no
// goroutine and no thread. [SetExitWatch] overrides the choice.
//
// # Differences from Node
//
// DIFFERENCES.md, beside this file, lists all that is done otherwise than by Node v20, from a
// program that is found through "." in PATH, which is refused, to MaxBuffer, which counts bytes.
// CONFORMANCE.md lists what agrees, with the tests.
//
// # Goroutines
//
// Everything is used on the loop goroutine, except what says otherwise: [ChildProcess.Wait] and
// [ChildProcess.Lines], the sync forms, and [OutputWith], [RunWith] and [LinesWith] with their
// relatives.
package childprocess
