// Package reactor is a single-threaded event loop over epoll(7) or kqueue(2): it watches
// descriptors, keeps timers, and runs callbacks one at a time on the goroutine that called
// [Loop.Run].
//
// # The order of a turn
//
// A [Loop] works in turns. One turn has these phases, always in this order:
//
//  1. timers: the callbacks of all timers that are due, by deadline, then by order of creation;
//  2. posted work: functions given to [Loop.Post] and [Loop.Do], in the order they arrived;
//  3. poll: the callbacks of descriptors that are ready; the loop sleeps here when there is nothing
//     else to do; watchers marked [Watcher.Late] come after all others of the same poll;
//  4. immediates: functions given to [Loop.SetImmediate] before this phase began;
//  5. closing: functions given to [Loop.QueueClosing], the close events of handles.
//
// Functions given to [Loop.NextTick] run after the callback that queued them has returned and
// before any other: the queue is drained after every single callback of every phase, and once at
// the start of a turn. So from the callback of a descriptor SetImmediate runs before SetTimeout(0),
// and NextTick before both. The phases are those of libuv's uv_run and of the Node event loop
// (libuv v1.x documentation, "Design overview"; Node v20, "The Node.js Event Loop").
//
// Nothing can starve the rest: each phase does a bounded amount of work a turn, what is left waits
// for the next turn, and the poll between does not sleep then.
//
// # The end
//
// [Loop.Run] returns when nothing is left that keeps the loop alive, see [Loop.Alive], and may be
// called again. [Loop.Close] ends it for good, alive or not: a defer right after [New] is the place
// for it.
//
// # Goroutines
//
// A Loop's methods must be called on the loop goroutine unless their comment says otherwise: the
// goroutine inside Run, that is from callbacks, or, while the loop is not running, any one
// goroutine at a time. [Loop.Post], [Loop.Do], [Loop.Hold] and [Loop.Stop] are safe to call from
// any goroutine. Loop-owned state has no lock, so the race detector reports a call from the wrong
// goroutine.
//
// # Threads
//
// A sleeping loop has an OS thread, and waking it from a goroutine is a switch of threads, as is
// telling the goroutine something. Where a loop and goroutines hand each other work all the time,
// [Options].Netpoll spares both.
//
// # Differences between systems
//
// Readiness is level-triggered everywhere. Linux uses epoll and an eventfd; macOS, FreeBSD and
// DragonFly BSD use kqueue with EVFILT_USER, NetBSD and OpenBSD kqueue with a pipe. Regular files,
// directories and devices such as /dev/null cannot be polled; a [Watcher] on one is always ready,
// once a turn, as poll(2) has it. An epoll or kqueue descriptor can be watched like any other.
// Timers have the resolution of the poll: nanoseconds with epoll_pwait2(2) and kevent(2), else a
// millisecond, rounded up.
//
// With kqueue a watcher of Readable alone sees the full close of a socket as Readable without
// Hangup, and a watcher of Hangup or Error alone is told once and not every turn. macOS does not
// report the end of a named pipe (go.dev/issue/24164), and refuses /dev/tty (EINVAL), though not a
// terminal under another name.
package reactor
