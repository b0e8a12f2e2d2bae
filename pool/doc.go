// Package pool keeps worker processes and gives them jobs. It starts workers, waits until they are
// ready, assigns jobs, replaces workers that die, age or grow, and stops them.
//
// A worker is a part of this program ([childprocess.Workers], [Serve]), a Node script, or any
// program that reads and writes lines of JSON or frames of bytes; PROTOCOL.md beside this file has
// the messages. A job and its result are values that become JSON.
//
//	p, err := pool.New(loop, &pool.Options{Self: "resize"})
//	p.Run(Image{"a.jpg", 200}, nil, func(r *pool.Result, err error) {
//		var size Size
//		if err == nil { err = r.Decode(&size) }
//		…
//	})
//
// Other goroutines call [Pool.Do]. The examples below are recipes for jobs that compute, streams,
// large payloads, jobs that belong together, and a reload without a pause.
//
// # Guarantees
//
// Each sentence has tests. childprocess/CONFORMANCE.md lists them under the numbers in parentheses.
//
//  1. A task settles exactly once, whatever dies when. Its callback never runs inside the call that
//     settled it. At any time, Submitted = Waiting + Running + Settled. (W001, W002)
//  2. No job is sent to a worker that is not ready or needs a drain. None is sent behind a running
//     job, unless InFlight or Ahead allow it. No job waits while a ready worker has room. (W010,
//     W020, W021, W027)
//  3. Jobs run by priority, and in the order of the calls within one priority. A job that comes
//     back from a worker keeps its place. (W006)
//  4. After a worker's death, a job that the worker may have begun is run again only if Retries or
//     MaxCrashes ask for it, and then alone in a worker. A job that was sent ahead and not begun is
//     always run again. One whose worker was killed because of another job is run again unless some
//     of its chunks were taken. Neither counts as a crash. (W022, W035, W043, W044)
//  5. At its deadline a task fails at once. Its place in the worker is free when the worker has
//     answered or exited. The worker is first asked to cancel, then signalled, then killed; if it
//     answers in time, it is kept. (W030 to W033)
//  6. Answers that a worker sent before its death count. (W042)
//  7. A worker's death affects only its own jobs. Its successor starts at once; later ones start
//     after pauses that grow until a worker answers. (W040, W045, W046)
//  8. Recycling interrupts no job, and a successor is ready before its predecessor retires. Only
//     MaxMemoryHard and Timeout kill. (W051, W054)
//  9. A reload or upgrade whose first new worker fails changes nothing. No connection is refused
//     meanwhile, because the listeners belong to this program. (W062 to W067)
//  10. Waiting jobs are bounded in number and bytes. An answer, chunks without a listener, and the
//     kept part of stderr are bounded in bytes. Whatever a worker sends, this program does not
//     exit, hang, or grow without bound. (W024, W070, W074, W085, W093)
//  11. On Linux no worker outlives this program, even if this program is killed. Elsewhere a worker
//     exits when it sees the end of its channel. (W049)
//
// # Failures and their effects
//
//	failure                                its jobs                        other effects
//	a worker dies or is killed             *CrashError with its status     OnWorkerExit: crash; another one is started
//	                                       and stderr, or run again
//	a worker that exits with 0             the same                        the same
//	a worker hangs                         ErrTimeout after Timeout;       OnWorkerExit: timeout, after CancelGrace
//	                                       without it they wait;           and KillGrace
//	                                       OnStuck after StuckAfter
//	an idle worker hangs                   none                            replaced after two PingIntervals
//	a job that kills its workers           *CrashError with ErrPoison      after MaxCrashes workers
//	a handler that panics, or fails        *JobError                       nothing: the worker goes on
//	an answer to no job                    *CrashError with ErrBroken      OnError: *ProtocolError; worker replaced
//	a result over MaxResult                ErrTooLarge                     nothing
//	an answer that is no JSON              *ProtocolError                  OnError has the first, too
//	all workers, one after the other       wait, or *CrashLoopError        OnCrashLoop; Healthy returns it
//	a worker does not start: the first     all fail with *StartError       the pool stops
//	the same: a later one                  wait                            OnError: *StartError; pauses that grow
//	no room for another process            wait for the present workers    OnError: *StartError; fewer workers for a while
//	the caller's context                   *CancelError                    the worker is asked to cancel, or killed
//	the loop is closed                     Do returns reactor.ErrClosed,   the workers are killed
//	                                       other callbacks never come
//	this program                           —                               the workers are killed (Linux)
//
// # Goroutines
//
// A pool belongs to one loop. Its methods must be called on that loop's goroutine, except
// [Pool.Do].
//
// A loop whose jobs come by Do should have Netpoll in its reactor.Options. So should a worker's
// loop whose handlers run on goroutines, by childprocess.Workers.RunWith. Between such a loop and a
// goroutine there is no switch of threads, which otherwise is more than half of the cost of a small
// job. The benchmark has rows with and without Netpoll.
package pool
