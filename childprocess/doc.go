// Package childprocess starts child processes on a [reactor.Loop] and reports on them by the events
// of Node's child_process module: spawn, exit, close and error, and data on streams, in Node's
// order. Spawn, exit and close come at most once.
//
// # Life of a child
//
// Add listeners to the [ChildProcess] that [Spawn] returns, before the callback that calls Spawn
// returns: no event comes earlier. The events are:
//
//   - spawn, on the next tick, before everything else; or error, if the system refused to start the
//     program;
//   - exit, when the process has exited. The data and the messages that it wrote before were
//     delivered, as far as the program reads them. More data may follow, because a grandchild can
//     have the pipes;
//   - close, after exit and after the end of every pipe that the child wrote to. It is the last
//     event. Wait for it if the output matters.
//
// When the child has exited, its stdin is destroyed, and streams that do not flow are resumed.
// Otherwise close would never come for a stream that is not read (Node v20,
// lib/internal/child_process.js, flushStdio).
//
// The states, and the events between them:
//
//	Spawn ──> starting ──spawn──> running ──exit──> exited ──close──> closed
//	              │                  │                ^
//	              ├──error───────────┼────────────────┘                  not started
//	              │                  │
//	              └──────────────────┴──Loop.Close──> survivor ──> gone  no events
//
// Further:
//
//   - starting is over when Spawn returns, except with Options.Async: then signals wait for its
//     end;
//   - not started: error comes in place of spawn and exit, and close follows. ExitStatus.NotStarted
//     has the reason;
//   - lost: if something else in the program has taken the status, exit still comes, with
//     ExitStatus.Lost;
//   - killed: a signal changes no state; the exit that it causes does. ExitStatus.Cause has the
//     limit that has sent the signal;
//   - disconnect, when the channel has closed, changes no state. It comes before exit, or before
//     close if another process still has the child's end of the channel;
//   - a stream that the program destroys counts as one that has come to its end;
//   - survivors are described under "Closing the loop".
//
// # Forms
//
//   - [Spawn] is the base of the others;
//   - [Exec] and [ExecFile] collect the output and call back once, with an [ExitError] if the
//     command failed;
//   - [Fork] and [ForkSelf] start a child that exchanges messages with this program, in Node's
//     protocol;
//   - [SpawnSync], [ExecSync] and [ExecFileSync] wait on the calling goroutine, and run a loop of
//     their own meanwhile;
//   - [Output], [Run] and [Lines], and with options [OutputWith], [RunWith] and [LinesWith], are
//     for goroutines that have no loop.
//
// An option means the same in each form. A form refuses an option that it cannot honour, with an
// *[ArgumentError] that names it.
//
// Each form starts the child on the calling thread, which waits until the child has executed its
// program. So the child has the properties of that thread, such as its network namespace. With
// [Options].Async another thread starts the child; with PreSpawn or Pdeathsig a thread that only
// starts such children.
//
// # Settings of a child
//
// [Options] has settings that the child gets before it executes its program. They change nothing in
// this program. Each setting needs, beside privileges:
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
// Descriptors that are not close-on-exec are inherited. (5) Except CLONE_NEWTIME, which BackendFork
// has by clone3(2), Linux 5.6. BackendFork is Linux on amd64 and arm64; BackendAuto is BackendFork
// there, and BackendForkExec elsewhere.
//
// A setting that the table excludes is an *[UnsupportedError], before anything is started. A
// setting that the kernel refuses, or turns out not to have (a kind of namespace, a capability, a
// cgroup of version 1, landlock), is a *[SpawnError] with the step of that setting. Both errors
// wrap [errors.ErrUnsupported] if the system does not have the setting.
//
// # Killing a child
//
// [Options].Timeout and Context send KillSignal, and SIGKILL after KillGrace if that is set. The
// signals go to the process group that the child leads, to a shell and its descendants, or else to
// the child; see KillSignal. A limit looks before it kills: a child that has exited in time is a
// success, even if the loop is late. [ChildProcess.Terminate] does the same when the program wants
// it to. [ChildProcess.Kill] and [ChildProcess.KillGroup] only send a signal.
//
// CloseGrace bounds how long a grandchild that has the pipes can delay close. A child that exits
// with 0 and leaves such a grandchild is still a success. ExitStatus.Cause, Forced and CutOff say
// which limit it was, and how the child was killed.
//
// # Trees and orphans
//
// [ChildProcess.KillTree] and ScopeTree signal the descendants of a child. A [Reaper] has this
// program wait for descendants whose parents have exited. Each needs:
//
//	                                    Linux                                others
//	KillTree, ScopeTree                 yes, /proc                           no
//	  also daemons, and after the exit  Cgroup of the child's own, Linux 5.2 no
//	  also members of other users       cgroup.kill, Linux 5.14              no
//	NewReaper                           Linux 5.4, pidfds, /proc             no
//	Usage of a running child            yes, /proc                           no
//	Usage.CgroupPeak                    Linux 5.19, memory controller        no
//
// NewReaper and KillTree return an error that wraps [errors.ErrUnsupported] where the table has a
// no in their first line. Where a further line of KillTree is not available, KillTree does what the
// line above it says. A field of [Usage] that is not available is 0.
//
// # Closing the loop
//
// When the loop is closed, children that still run become survivors. Their pipes and channels are
// closed and no event comes. A loop in the background waits for their exit, so that they leave no
// zombies, and Kill, KillGroup, KillTree and Terminate still reach them, from any goroutine.
// Terminate does then what Cancel says, but sends KillSignal in place of CancelFunc, which belongs
// to the goroutine of the closed loop.
//
// # Standard descriptors
//
// By default a child's stdin, stdout and stderr are pipes, pipe(7), which the child can open again
// as /dev/stdin. The child's ends are in blocking mode. [Options].Stdio gives each descriptor
// another form. The child has no other descriptors, even if they are not close-on-exec.
//
// The child starts with an empty signal mask, and with all signals at their default, also those
// that this program ignores. Its soft limit of descriptors is that with which this program was
// started, because Go raises the limit of this program; if this program has set the limit itself,
// the child has that. Nothing in this program changes for that, not even for a moment.
//
// A slot can be:
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
// IPC, also as targets of a Tee. Exec and ExecFile accept the slots that leave their output
// captured, see [ExecOptions].
//
// [syscall.ForkExec] starts the children on the BSDs and macOS, and on Linux on other architectures
// than amd64 and arm64. There they inherit ignored signals, and on the BSDs and macOS also
// descriptors that are not close-on-exec.
//
// A loop reserves five low descriptor numbers, with its first child or with [Prepare], because the
// kernel's time for a start grows with the highest descriptor number of the child's pipes. It gives
// them back when descriptors run short, and when it is closed.
//
// # Replacing this program
//
// [Replace] runs a program in this process, with the lookup, environment, slots, settings and
// errors of a child. It returns only if that fails, and then nothing in this process has changed.
// On Linux on amd64 and arm64 it needs unshare(2). Elsewhere it is [syscall.Exec], which honours
// none of the settings.
//
// # Socket activation
//
// [Options].ListenFDs passes sockets to a child as a service manager does. [ListenFDs] returns the
// sockets that a service manager has passed to this program (sd_listen_fds(3)).
//
// # Terminals
//
// [PTY] gives a child a pseudo-terminal. This program has the other side of it as one duplex
// stream, [ChildProcess.Terminal]. It is opened by /dev/ptmx and TIOCGPTPEER, or /dev/pts, on
// Linux, by posix_openpt(2) on FreeBSD, by /dev/ptm on NetBSD and OpenBSD, and by /dev/ptmx on
// DragonFly BSD and macOS. If the system has no terminals, as a container without /dev/ptmx, the
// error event has a [SpawnError] with [StepStdio] and ENOENT. If all terminals of the system are in
// use, Spawn returns one with ENOSPC (kernel.pty.max, pty(7)).
//
// # How the exit of a child is seen
//
// On Linux the loop watches the child's pidfd (pidfd_open(2)), and SIGCHLD where there are no
// pidfds. On the BSDs and macOS it watches EVFILT_PROC (kqueue(2)). [SetExitWatch] overrides the
// choice. This package never waits for children of others, such as those of os/exec in the same
// program. A child costs no goroutine and no thread.
//
// # Differences from Node
//
// DIFFERENCES.md, beside this file, lists the differences from Node v20: a program that is found
// through "." in PATH is refused, for example, and MaxBuffer counts bytes. CONFORMANCE.md lists the
// behaviour that agrees, with the tests.
//
// # Goroutines
//
// Functions and methods must be called on the loop goroutine unless their comment says otherwise:
// [ChildProcess.Wait] and [ChildProcess.Lines], the sync forms, and [OutputWith], [RunWith] and
// [LinesWith] with their relatives are for other goroutines.
package childprocess
