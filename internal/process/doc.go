// Package process starts one process, waits for it and signals it: a [Spec] in, a [Process] or a
// [Failure] out. It knows nothing of loops, and holds nothing of a child but its pid and its pidfd.
//
// # The child is a list of system calls
//
// On Linux, on amd64 and arm64, a [Starter] makes the new process itself. The parent writes down,
// in ordinary Go, which system calls the child is to make, each with the step that it stands for
// (program.build). Then clone3(2) makes a process that shares the memory of its parent, whose
// thread waits (CLONE_VM, CLONE_VFORK). The child makes the calls one by one, the last of which is
// an execve(2), and when one fails, leaves its index and errno in the shared memory. So there is no
// status pipe, the step that failed is known, and another setting is another call in the list.
//
// What the parent relies on:
//
//   - The descriptor table is shared, too, until the child's first call (CLONE_FILES). That one is
//     close_range(2) with CLOSE_RANGE_UNSHARE: it gives the child a table of its own and copies
//     only what lies below the highest descriptor that is a slot of the child. Every other way to
//     start a process copies the whole table. To keep these sources low a Starter holds a few low
//     numbers, see lowNumbers.
//   - When the slots are filled, the child closes everything else. So it has exactly its slots,
//     however a descriptor was opened and by whom, and neither syscall.ForkLock nor a close-on-exec
//     flag is needed for that.
//   - The clone resets the signals that have handlers (CLONE_CLEAR_SIGHAND), the child those that
//     are ignored. The signal mask of the parent's thread is full during the clone; the child's is
//     emptied last. Nothing changes for the parent.
//   - A filter of Settings.Seccomp sees what the child calls when it is in force: execve(2), and
//     the exit if that fails. What it will answer is computed before.
//   - The runtime is told that the thread is in a system call, so that a slow execve(2) holds up
//     neither the collector nor other goroutines.
//
// # Rules for the code of the child
//
// The child runs on the stack, in the memory and with the thread pointer of a thread of the parent,
// while the parent's other threads go on. It is not a Go thread. Hence, in clone_unsafe_linux.go,
// from the clone to execve(2) or exit(2):
//
//   - nothing but system calls, by functions that are nosplit: a stack cannot grow, and growing it
//     would be seen by both;
//   - no allocation, no lock, no channel, no write barrier, no panic: the runtime's state is the
//     parent's, and whoever holds one of its locks does not run here;
//   - no return from the function that called clone: its frame is the parent's;
//   - no signal handler: they are Go's, and would take this for the parent's thread. Therefore the
//     mask;
//   - what it writes, the parent reads later, if at all: only program.failed, errno, obstacle,
//     dirents, opened, group and gate;
//   - what it reads is kept alive by the parent, who waits;
//   - instrumentation calls functions, too: norace, and nocheckptr where pointers are added to.
//
// A test disassembles the functions and refuses every call that is not one of theirs.
//
// # Without it
//
// Each call and flag is tried by the start that needs it, and left out when the kernel or a sandbox
// refuses it in any way that can mean "not here" (see fd.Refused):
//
//	clone3(2), Linux 5.3                      clone(2)
//	CLONE_CLEAR_SIGHAND, Linux 5.5            the child resets all signals, 62 more calls
//	CLOSE_RANGE_UNSHARE, Linux 5.9            the whole table is copied
//	close_range(2), Linux 5.9                 the child closes what /proc/self/fd lists
//	CLONE_PIDFD, Linux 5.2                    no pidfd
//	CLONE_INTO_CGROUP, Linux 5.7              the child writes itself to cgroup.procs
//	clone3(2) for CLONE_NEWTIME, Linux 5.6    the start fails
//
// On other architectures and on kqueue systems syscall.ForkExec starts the process. Its child
// inherits the signals that this program ignores, and on kqueue systems descriptors that are not
// close-on-exec. On Linux the fork is made on a thread with a table of its own, which ends
// afterwards; where there cannot be one (see Spec.onCloexecTable) they are inherited, unless the Spec
// insists on that backend. Settings that it does not have are refused: see Unsupported.
//
// # Threads
//
// Start forks on the thread that calls it. Two children need another one. What a function of the
// user changes before the fork must not stay: OnThrowAwayThread. And a parent-death signal is sent
// when the thread ends that has forked, which any thread of a Go program may do, because a
// goroutine that has locked it ends: OnKeptThread.
//
// # Replace
//
// A program that replaces this one is the same list of calls, made by a thread that nobody else
// uses, with a table of descriptors and a directory of its own (unshare(2)). When a call fails the
// thread ends, and with it what it has changed; the few things that belong to the process are put
// back by a second list. In between the rules for the child's code hold for it: a slot can have
// taken the number of the runtime's poller, without which no Go code may run on that thread.
//
// # Trees and orphans
//
// Three things are remembered of the whole program, because whoever asks has to know of every
// child: in which cgroup children were started (claim), which children this package has started and
// which starts are underway (started), and whether somebody adopts orphans (Orphans). Nothing else
// waits for a child that this package has not started.
//
// # The memory of the parent
//
// A change of the user in the child is taken by the kernel for one of the parent, whose memory it
// has, and costs that its "dumpable" attribute: see keepDumpable. (Every fork by CLONE_VM does
// that, also syscall.ForkExec.)
//
// Sources: clone(2), close_range(2), signal(7), vfork(2); libuv v1.x, src/unix/process.c, for the
// order of the steps.
package process
