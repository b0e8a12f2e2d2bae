// Package reactor is a single-threaded event loop over epoll(7) or kqueue(2). It watches
// descriptors, keeps timers, and runs callbacks one at a time on the goroutine that called
// [Loop.Run].
//
// # The order of a turn
//
// A [Loop] works in turns. A turn has these phases, always in this order:
//
//  1. timers: the callbacks of all timers that are due, by deadline, then by order of creation;
//  2. posted work: functions given to [Loop.Post] and [Loop.Do], in the order they arrived;
//  3. poll: the callbacks of descriptors that are ready. The loop sleeps here when it has nothing
//     else to do. Watchers marked [Watcher.Late] come after all others of the same poll;
//  4. immediates: functions given to [Loop.SetImmediate] before this phase began;
//  5. closing: functions given to [Loop.QueueClosing], the close events of handles.
//
// A function given to [Loop.NextTick] runs after the callback that queued it has returned and
// before any other callback: the loop drains the queue of ticks after every callback of every
// phase, and once at the start of a turn. So from the callback of a descriptor SetImmediate runs
// before SetTimeout(0), and NextTick before both. The phases are those of libuv's uv_run and of the
// Node event loop (libuv v1.x documentation, "Design overview"; Node v20, "The Node.js Event
// Loop").
//
// No callback can starve the others: each phase does a bounded amount of work a turn. The rest
// waits for the next turn, and the poll in between does not sleep.
//
// # The end
//
// [Loop.Run] returns when nothing keeps the loop alive any more, see [Loop.Alive], and may be
// called again. [Loop.Close] closes the loop for good, alive or not: defer it right after [New].
//
// # Goroutines
//
// A Loop's methods must be called on the loop goroutine unless their comment says otherwise. That
// is the goroutine inside Run, which runs the callbacks; while the loop is not running, it is any
// one goroutine at a time. [Loop.Post], [Loop.Do], [Loop.Hold] and [Loop.Stop] are safe to call
// from any goroutine. The loop's own state has no lock, so the race detector reports a call from
// the wrong goroutine.
//
// # Threads
//
// A sleeping loop keeps an OS thread. So two threads change places when a goroutine wakes the loop,
// and again when the loop makes a goroutine runnable. Where a loop and goroutines exchange work all
// the time, [Options].Netpoll avoids both.
//
// # Differences between systems
//
// Readiness is level-triggered everywhere. Linux uses epoll and an eventfd; macOS, FreeBSD and
// DragonFly BSD use kqueue with EVFILT_USER; NetBSD and OpenBSD use kqueue with a pipe. Regular
// files, directories and devices such as /dev/null cannot be polled; a [Watcher] on one is always
// ready, once a turn, as in poll(2). An epoll or kqueue descriptor can be watched like any other.
// Timers have the resolution of the poll: nanoseconds with epoll_pwait2(2) and kevent(2), else a
// millisecond, rounded up.
//
// With kqueue a watcher of Readable alone sees the full close of a socket as Readable without
// Hangup. A watcher of Hangup or Error alone is called once and not every turn. macOS does not
// report the end of a named pipe (go.dev/issue/24164). It refuses /dev/tty (EINVAL), but takes a
// terminal under another name.
package reactor
