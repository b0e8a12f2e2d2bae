// Package process starts one process, waits for it and signals it: it takes a [Spec] and returns a
// [Process] or a [Failure]. It knows nothing of loops, and of a child it holds only the pid, the
// pidfd and what a start has acquired for it.
//
// # The child is a list of system calls
//
// On Linux, on amd64 and arm64, a [Starter] makes the new process itself. The parent writes down,
// in ordinary Go, which system calls the child has to make, each with the step that it belongs to
// (program.build). Then clone3(2) makes a process that shares the memory of its parent, whose
// thread waits (CLONE_VM, CLONE_VFORK). The child makes the calls one by one; the last one is an
// execve(2). If a call fails, the child leaves the call's index and errno in the shared memory. So
// there is no status pipe, the failed step is known, and another setting is another call in the
// list.
//
// The design rests on these facts:
//
//   - The two processes also share the descriptor table until the child's first call (CLONE_FILES).
//     That one is close_range(2) with CLOSE_RANGE_UNSHARE: it gives the child a table of its own
//     and copies only the numbers up to the highest source of a slot, a descriptor in Spec.Slots.
//     Every other way to start a process copies the whole table. To keep the sources low a Starter
//     reserves a few low numbers, see lowNumbers.
//   - When the slots are filled, the child closes all other descriptors. So it has exactly its
//     slots, whoever opened a descriptor and how, and needs neither syscall.ForkLock nor a
//     close-on-exec flag for that.
//   - The clone resets the signals that have handlers (CLONE_CLEAR_SIGHAND), and the child resets
//     those that are ignored. The signal mask of the parent's thread is full during the clone, and
//     emptying it is one of the child's last calls. Nothing changes for the parent.
//   - A filter of Settings.Seccomp sees the calls that the child makes once it is in force:
//     execve(2), and the exit if that fails. The parent computes its answers before the start.
//   - The parent tells the runtime that its thread is in a system call, so that a slow execve(2)
//     holds up neither the collector nor other goroutines.
//
// # Where code runs
//
// A file without another note runs in the parent, on the goroutine that calls it, and locks no
// thread. The exceptions:
//
//	clone_unsafe_linux.go                 in the child, from the clone to execve(2) or exit(2)
//	replace_unsafe_linux.go, replace_linux.go, replacelist_unsafe_linux.go
//	                                      in this process, on a thread with a table of its own
//	ownfork_linux.go, build_unsafe_linux.go, settings_unsafe_linux.go, equipment_linux.go
//	                                      in the parent, on the goroutine in Start, just before the clone
//	mapper_linux.go                       in the parent, on a goroutine, while the child waits
//	owntable_linux.go, thread.go          in the parent, on a locked thread made for one or several children
//	withEmptyMask in forkexec_linux.go    in the parent, on the caller's thread or a new one, locked meanwhile
//
// # Rules for the code of the child
//
// The child runs on the stack, in the memory and with the thread pointer of a thread of the parent,
// while the parent's other threads go on. It is not a Go thread. Hence these rules hold in
// clone_unsafe_linux.go from the clone to execve(2) or exit(2):
//
//   - Only system calls, and functions that are nosplit, because a stack that grows would grow for
//     both processes.
//   - No allocation, no lock, no channel, no write barrier, no panic: they use the runtime's state,
//     which is the parent's, and a thread that holds one of its locks does not run in the child.
//   - No return from the function that called clone, because its frame is the parent's.
//   - No signal handler. The handlers are Go's and would take this for the parent's thread.
//     Therefore the full mask.
//   - The child writes only program.failed, errno, obstacle, dirents, opened, group, gate and the
//     text at pidText. The parent reads them after the child is through.
//   - The parent, which waits, keeps alive all memory that the child reads.
//   - No instrumentation, because it calls functions: norace, and nocheckptr where pointers are
//     added to.
//
// A test disassembles the functions and refuses every call of another function.
//
// # Without it
//
// The start that needs a call or a flag tries it, and leaves it out when the kernel or a sandbox
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
// close-on-exec. On Linux a thread with a table of its own makes that fork, and ends afterwards.
// Where there cannot be such a thread (see Spec.onCloexecTable) the child inherits descriptors,
// unless the Spec insists on that backend. Settings that syscall.ForkExec does not have are
// refused: see Unsupported.
//
// # Threads
//
// Start forks on the thread that calls it. Two kinds of children need another thread. If a function
// of the user changes the thread before the fork, the change must not stay: OnThrowAwayThread. And
// the kernel sends a parent-death signal when the thread that has forked ends. Any thread of a Go
// program may end, because a goroutine that has locked it ends: OnKeptThread.
//
// # Replace
//
// A program that replaces this one is the same list of calls. A thread of its own makes them, with
// a table of descriptors and a directory of its own (unshare(2)). When a call fails the thread
// ends, and its changes with it; a second list of calls puts back the few things that belong to the
// process. Between the two, the rules for the child's code hold for the thread: a slot can have
// taken the number of the runtime's poller, without which no Go code may run on that thread.
//
// # Trees and orphans
//
// Three records cover the whole program, because each question is about every child: the cgroups
// that children were started in (claim), the children that this package has started and the starts
// underway (started), and whether the program adopts orphans (Orphans). The package waits for no
// child that it has not started, except those orphans.
//
// # The memory of the parent
//
// When the child changes its user, the kernel takes that for a change by the parent, whose memory
// the child shares, and the parent loses its "dumpable" attribute: see keepDumpable. (Every fork by
// CLONE_VM does that, also syscall.ForkExec.)
//
// Sources: clone(2), close_range(2), signal(7), vfork(2); libuv v1.x, src/unix/process.c, for the
// order of the steps.
package process
