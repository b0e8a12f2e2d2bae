// Package pool keeps worker processes and gives them jobs: it starts them, waits until they are
// ready, feeds them, replaces them when they die, age or grow, and ends them.
//
// A worker is a part of this program ([childprocess.Workers], [Serve]), a Node script, or any
// program that reads and writes lines of JSON, or frames of bytes: see PROTOCOL.md beside this
// file. A job is a value that becomes JSON; so is its result.
//
//	p, err := pool.New(loop, &pool.Options{Self: "resize"})
//	p.Run(Image{"a.jpg", 200}, nil, func(r *pool.Result, err error) {
//		var size Size
//		if err == nil { err = r.Decode(&size) }
//		…
//	})
//
// [Pool.Do] is the same for other goroutines. The examples below are recipes: jobs that compute,
// streams, large payloads, jobs that belong together, a reload without a pause.
//
// # Guarantees
//
// Tests hold each sentence: childprocess/CONFORMANCE.md lists those of the behaviours that are
// named behind it.
//
//  1. A task settles exactly once, whatever dies when, and its callback never runs inside the call
//     that caused it. Submitted is waiting, running and settled together, at any time. (W001, W002)
//  2. No job is sent to a worker that is not ready, that needs a drain, or behind a running one,
//     unless InFlight or Ahead allow it; and none waits while a ready worker has room. (W010, W020,
//     W021, W027)
//  3. Higher priority first, then the order of the calls; a job that comes back from a worker has
//     its old place. (W006)
//  4. A job that a worker may have begun is run again only if Retries or MaxCrashes ask for it, and
//     after the death of a worker by itself. One that was sent ahead and not begun, and one whose
//     worker was killed because of another job, is run again in any case, and not charged. (W022,
//     W035, W043, W044)
//  5. At its deadline a task fails at once. Its place in the worker is free when that has answered
//     or is gone: first it is asked, then signalled, then killed, and a worker that answers in time
//     is kept. (W030 to W033)
//  6. Answers that were sent before a worker's death count. (W042)
//  7. A death costs the jobs that the worker had, and nobody else anything. Its successor starts at
//     once, later ones after pauses that grow until a worker answers. (W040, W045, W046)
//  8. Recycling cuts no job off, and a successor is ready before its predecessor retires. Only
//     MaxMemoryHard, and a Timeout, kill. (W051, W054)
//  9. A reload or upgrade whose first new worker fails changes nothing. Listeners are this
//     program's, so that no connection is refused meanwhile. (W062 to W067)
//  10. What waits is bounded in number and bytes, and so are an answer, chunks that nobody takes,
//     and what is kept of stderr. Whatever a worker sends, this program does not end, hang, or
//     grow without bound. (W024, W070, W074, W085, W093)
//  11. No worker outlives this program, killed or not, on Linux; elsewhere a worker ends when it
//     sees that its channel has. (W049)
//
// # What dies, and what the user sees
//
//	what                                   its jobs                        what else
//	a worker, by itself or killed          *CrashError with its status     OnWorkerExit: crash; another one is started
//	                                       and stderr, or run again
//	a worker that exits with 0             the same                        the same
//	a worker hangs                         ErrTimeout after Timeout;       OnWorkerExit: timeout, after CancelGrace
//	                                       without that they wait;         and KillGrace
//	                                       OnStuck after StuckAfter
//	an idle worker hangs                   none                            replaced after two PingIntervals
//	a job that kills its workers           *CrashError with ErrPoison      after MaxCrashes workers
//	a handler that panics, or fails        *JobError                       nothing: the worker goes on
//	a worker answers what was not asked    *CrashError with ErrBroken      OnError: *ProtocolError; replaced
//	a result over MaxResult                ErrTooLarge                     nothing
//	an answer that is no JSON              *ProtocolError                  OnError has the first, too
//	all workers, one after the other       wait, or *CrashLoopError        OnCrashLoop; Healthy tells
//	a worker does not start: the first     all fail with *StartError       the pool has ended
//	the same: a later one                  wait                            OnError: *StartError; pauses that grow
//	no room for another process            wait for those that are there   OnError: *StartError; fewer workers for a while
//	the caller's context                   *CancelError                    the worker is told, or ended
//	the loop is closed                     Do returns reactor.ErrClosed,   the workers are killed
//	                                       other callbacks never come
//	this program                           —                               the workers are killed (Linux)
//
// # Goroutines
//
// A pool belongs to one loop, and its methods must be called on that loop's goroutine, except
// [Pool.Do].
//
// A loop whose jobs come by Do, or whose worker has its handlers on goroutines, should be one with
// Netpoll in its reactor.Options (childprocess.Workers.RunWith has those of a worker): then the way
// between loop and goroutine is no switch of threads, which is more than half of what a small job
// costs. The benchmark has rows with and without.
package pool
