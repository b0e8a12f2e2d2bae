package main

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/reactor"
)

// timersFire sets timers over the next 100 ms in random order and waits for all of them.
func timersFire(n int) scenario {
	delays := make([]time.Duration, n)
	for i := range delays {
		delays[i] = time.Duration(rand.Int64N(int64(100 * time.Millisecond)))
	}
	return scenario{
		name: "set timers and let them fire", unit: "timer", ops: float64(n),
		contestants: append([]contestant{
			{name: "time.AfterFunc", run: func() time.Duration {
				var wg sync.WaitGroup
				wg.Add(n)
				start := time.Now()
				for _, d := range delays {
					time.AfterFunc(d, wg.Done)
				}
				wg.Wait()
				return time.Since(start)
			}},
			{name: "brood", run: func() time.Duration {
				l := newLoop()
				fired := 0
				fn := func() { fired++ }
				start := time.Now()
				for _, d := range delays {
					l.SetTimeout(d, fn)
				}
				check(l.Run())
				d := time.Since(start)
				mustEqual(fired, n)
				check(l.Close())
				return d
			}},
		}, timerPeers(order("timers", n))...),
	}
}

// timerPeers returns the peers with a loop that has timers. Each does the order in a process of its
// own. Both count milliseconds.
func timerPeers(order string) (all []contestant) {
	for _, p := range workPeers() {
		if p.name != "libuv" && p.name != "tokio" {
			continue
		}
		server := p.server()
		all = append(all, contestant{
			name: p.name, missing: p.missing, elsewhere: true, close: server.close,
			run: func() time.Duration { return time.Duration(server.ask("%s", order)) },
		})
	}
	return all
}

// timersStop resets timers that never fire, as most time-outs do.
func timersStop(n int) scenario {
	return scenario{
		name: "reset a timer", unit: "reset", ops: float64(n),
		contestants: append([]contestant{
			{name: "time.Timer", run: func() time.Duration {
				timers := make([]*time.Timer, 1024)
				for i := range timers {
					timers[i] = time.AfterFunc(time.Hour, func() {})
				}
				start := time.Now()
				for i := range n {
					timers[i%len(timers)].Reset(time.Hour)
				}
				d := time.Since(start)
				for _, t := range timers {
					t.Stop()
				}
				return d
			}},
			{name: "brood", run: func() time.Duration {
				l := newLoop()
				timers := make([]*reactor.Timer, 1024)
				for i := range timers {
					timers[i] = l.SetTimeout(time.Hour, func() {})
				}
				start := time.Now()
				for i := range n {
					timers[i%len(timers)].Reset(time.Hour)
				}
				d := time.Since(start)
				for _, t := range timers {
					t.Stop()
				}
				check(l.Close())
				return d
			}},
		}, timerPeers(order("resets", n))...),
	}
}

// postBurst has goroutines post functions to the loop, or send them to a goroutine that runs them.
func postBurst(n, goroutines int) scenario {
	each := n / goroutines
	return scenario{
		name: "post from 4 goroutines", unit: "post", ops: float64(each * goroutines),
		contestants: []contestant{
			{name: "chan func()", run: func() time.Duration {
				ch := make(chan func(), 1024)
				ran := 0
				fn := func() { ran++ }
				start := time.Now()
				var wg sync.WaitGroup
				for range goroutines {
					wg.Go(func() {
						for range each {
							ch <- fn
						}
					})
				}
				go func() { wg.Wait(); close(ch) }()
				for f := range ch {
					f()
				}
				d := time.Since(start)
				mustEqual(ran, each*goroutines)
				return d
			}},
			{name: "brood", run: func() time.Duration {
				l := newLoop()
				ran := 0
				fn := func() { ran++ }
				release := l.Hold()
				var left atomic.Int32
				left.Store(int32(goroutines))
				start := time.Now()
				for range goroutines {
					go func() {
						for range each {
							check(l.Post(fn))
						}
						if left.Add(-1) == 0 {
							release()
						}
					}()
				}
				check(l.Run())
				d := time.Since(start)
				mustEqual(ran, each*goroutines)
				check(l.Close())
				return d
			}},
		},
	}
}

// The targets of a turn that does not sleep, as multiples of its system calls. One event has a
// write(2), an epoll_wait(2) and a read(2) of a socket, which take 4 µs, so the loop's own share is
// 0.2 µs. With many events there are two calls for each.
const (
	oneEventMost   = 1.05
	manyEventsMost = 1.1
)

// becauseTurn is the reason, by strace -c and the processor time of the thread.
const becauseTurn = "a turn makes the same system calls, looks at no clock and takes no lock; the callback and the empty phases take 0.1 to 0.2 µs of processor time"

// emptyTurn has one descriptor ready in each turn, so that many events do not share the cost of a
// turn.
func emptyTurn(n int) scenario {
	return dispatch("a turn that does not sleep", "turn", n, 1, oneEventMost)
}

// watcherDispatch writes a byte to every socket, waits until all are readable, and reads them.
func watcherDispatch(n int) scenario {
	const sockets = 64
	return dispatch("dispatch a ready descriptor", "event", max(1, n/sockets), sockets, manyEventsMost)
}

func dispatch(name, unit string, turns, sockets int, most float64) scenario {
	return scenario{
		name: name, unit: unit, ops: float64(turns * sockets),
		contestants: []contestant{
			{name: "raw epoll", run: func() time.Duration { return rawDispatch(turns, sockets) }},
			{
				name: "brood", targets: []target{{"raw epoll", most}}, because: becauseTurn,
				run: func() time.Duration { return broodDispatch(turns, sockets) },
			},
		},
	}
}

func socketPairs(n int) [][2]int {
	pairs := make([][2]int, n)
	for i := range pairs {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		check(err)
		pairs[i] = fds
	}
	return pairs
}

func closePairs(pairs [][2]int) {
	for _, p := range pairs {
		check(unix.Close(p[0]))
		check(unix.Close(p[1]))
	}
}

func rawDispatch(turns, sockets int) time.Duration {
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	check(err)
	pairs := socketPairs(sockets)
	for _, p := range pairs {
		check(unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, p[0], &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(p[0])}))
	}
	var events [512]unix.EpollEvent
	one, buf := []byte{1}, make([]byte, chunk)
	got := 0
	start := time.Now()
	for range turns {
		for _, p := range pairs {
			_, err := unix.Write(p[1], one)
			check(err)
		}
		k, err := unix.EpollWait(ep, events[:], -1)
		check(err)
		for _, ev := range events[:k] {
			_, err := unix.Read(int(ev.Fd), buf)
			check(err)
			got++
		}
	}
	d := time.Since(start)
	mustEqual(got, turns*sockets)
	closePairs(pairs)
	check(unix.Close(ep))
	return d
}

func broodDispatch(turns, sockets int) time.Duration {
	l := newLoop()
	pairs := socketPairs(sockets)
	one, buf := []byte{1}, make([]byte, chunk)
	got, want := 0, turns*sockets
	watchers := make([]*reactor.Watcher, sockets)
	send := func() {
		for _, p := range pairs {
			_, err := unix.Write(p[1], one)
			check(err)
		}
	}
	for i, p := range pairs {
		w, err := l.Watch(p[0], reactor.Readable, func(reactor.Readiness) {
			_, err := unix.Read(p[0], buf)
			check(err)
			got++
			switch {
			case got == want:
				for _, w := range watchers {
					w.Close()
				}
			case got%sockets == 0:
				send()
			}
		})
		check(err)
		watchers[i] = w
	}
	start := time.Now()
	send()
	check(l.Run())
	d := time.Since(start)
	mustEqual(got, want)
	closePairs(pairs)
	check(l.Close())
	return d
}

// ticks measures the cheapest callbacks: ticks that queue the next one.
func ticks(n int) scenario {
	return scenario{
		name: "run a tick", unit: "tick", ops: float64(n),
		contestants: []contestant{
			{name: "buffered chan", run: func() time.Duration {
				ch := make(chan func(), 1)
				left := n
				var fn func()
				fn = func() {
					if left--; left > 0 {
						ch <- fn
					}
				}
				start := time.Now()
				ch <- fn
				for left > 0 {
					(<-ch)()
				}
				return time.Since(start)
			}},
			{name: "brood", run: func() time.Duration {
				l := newLoop()
				left := n
				var fn func()
				fn = func() {
					if left--; left > 0 {
						l.NextTick(fn)
					}
				}
				start := time.Now()
				l.NextTick(fn)
				check(l.Run())
				d := time.Since(start)
				check(l.Close())
				return d
			}},
		},
	}
}

func newLoop() *reactor.Loop {
	l, err := reactor.New(nil)
	check(err)
	return l
}
