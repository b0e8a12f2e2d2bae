// Package childprocess starts child processes on a [reactor.Loop] and follows them with the events of Node's child_process
// module: spawn, exit, close and error, data on streams, in Node's order, each at most once.
//
// # Life of a child
//
// [Spawn] returns a [ChildProcess] whose listeners are then added; no event comes before the caller's callback has
// returned. The events are:
//
//   - spawn, on the next tick, before everything else; or error, when the system refused to start the program;
//   - exit, when the process has ended. What it wrote before and the kernel still held when the loop woke up was delivered;
//     more may follow, since a grandchild can hold the pipes;
//   - close, after exit and after the end of every pipe that the child wrote to. It is the last event, and the one to wait
//     for when the output matters.
//
// When the child has exited, its stdin is destroyed, and streams that do not flow are resumed, so that close comes although
// nobody reads (Node v20, lib/internal/child_process.js, flushStdio).
//
// # Standard descriptors
//
// By default a child's stdin, stdout and stderr are pipe(7)s, real ones that can be opened again as /dev/stdin; the child's
// ends are in blocking mode. [Options].Stdio gives each descriptor another form. Every descriptor not named there is
// closed in the child. The child starts with an empty signal mask and all signals at their default, also those that this
// program ignores.
//
// # How the end of a child is known
//
// On Linux the child's pidfd (pidfd_open(2)) is watched by the loop; where there is none, SIGCHLD tells; on the BSDs
// and macOS it is EVFILT_PROC (kqueue(2)). Only children of this package are ever waited for, so os/exec and others in
// the same program are not disturbed. A child costs no goroutine and no thread. [SetExitWatch] overrides the choice.
//
// # Goroutines
//
// Everything is used on the loop goroutine, except [ChildProcess.Wait]. [SpawnSync], [ExecFileSync], [ExecSync], [Output],
// [Run] and [Lines] need no loop: they wait, on whatever goroutine they are called.
package childprocess
