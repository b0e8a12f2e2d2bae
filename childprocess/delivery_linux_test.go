package childprocess_test

import (
	"context"
	"math/bits"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

func init() {
	// notify-first was started with SIGINT ignored. It starts a child while signal.Notify has asked
	// for SIGINT, and another one afterwards. Neither child may ignore a signal.
	helperproc.Register("notify-first", func([]string) {
		before := dispositions()
		caught := make(chan os.Signal, 1)
		signal.Notify(caught, syscall.SIGINT)
		l := check(openLoop())
		requireClean(childState(l, nil))
		signal.Stop(caught)
		if dispositions() != before {
			helperproc.Exit(6)
		}
		requireClean(childState(l, nil))
	})

	// notify-while-starting starts children on eight goroutines. On eight others it asks for SIGINT
	// and sends it, again and again. Between two requests SIGINT is ignored, as it was when the
	// program was started.
	helperproc.Register("notify-while-starting", func([]string) {
		if !signal.Ignored(syscall.SIGINT) {
			helperproc.Exit(5)
		}
		before := dispositions()
		ctx, cancel := context.WithCancel(context.Background())
		var starting, asking sync.WaitGroup
		for i := range 8 {
			starting.Go(func() { startUntil(ctx, i) })
		}
		for range 8 {
			asking.Go(func() {
				for range 25 {
					caught := make(chan os.Signal, 1)
					signal.Notify(caught, syscall.SIGINT)
					check(0, unix.Kill(os.Getpid(), syscall.SIGINT))
					<-caught
					signal.Stop(caught)
				}
			})
		}
		asking.Wait()
		cancel()
		starting.Wait()
		if dispositions() != before {
			helperproc.Exit(6)
		}
	})
}

// startUntil starts children one after the other until ctx is done; i chooses the form.
func startUntil(ctx context.Context, i int) {
	for ctx.Err() == nil {
		if i%2 == 0 {
			check(0, childprocess.SpawnSync("/bin/true", nil, nil).Err)
		} else {
			check(0, childprocess.Run(context.Background(), "/bin/true"))
		}
	}
}

// dispositions returns the signals that this process ignores and catches, see proc_pid_status(5).
func dispositions() string {
	var lines []string
	for line := range strings.Lines(string(check(os.ReadFile("/proc/self/status")))) {
		if strings.HasPrefix(line, "SigIgn") || strings.HasPrefix(line, "SigCgt") {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "")
}

// counters count how often one signal was seen: by watchers of two loops, and by a channel of
// os/signal.
type counters [3]atomic.Int64

func (c *counters) all() (n [3]int64) {
	for i := range c {
		n[i] = c[i].Load()
	}
	return n
}

// shower sends a signal so many times, each time after all watchers have seen the one before. start
// is called on the loop of the test, which watches the signal, until all were sent.
func shower(t *testing.T, times int64, start func(l *reactor.Loop, next func())) {
	const s = syscall.SIGUSR1
	var seen counters
	changed := make(chan struct{}, 1)
	count := func(i int) {
		seen[i].Add(1)
		select {
		case changed <- struct{}{}:
		default:
		}
	}
	loops := []*reactor.Loop{newLoop(t), newLoop(t)}
	var watchers []*signals.Watcher
	for i, l := range loops {
		w, err := signals.Watch(l, s, func(syscall.Signal) { count(i) })
		require.NoError(t, err)
		watchers = append(watchers, w)
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, s)
	defer signal.Stop(caught)

	over := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() { // Ends with over.
		for {
			select {
			case <-caught:
				count(2)
			case <-over:
				return
			}
		}
	})
	others.Go(func() { _ = loops[1].Run() }) // Ends when its watcher is closed.
	var enough atomic.Bool
	others.Go(func() { // Ends by itself.
		defer func() {
			enough.Store(true)
			_ = loops[1].Post(watchers[1].Close)
			close(over)
		}()
		hang := time.After(looptest.HangLimit())
		for n := int64(1); n <= times; n++ {
			_ = unix.Kill(os.Getpid(), s)
			for seen.all() != [3]int64{n, n, n} {
				if now := seen.all(); max(now[0], now[1], now[2]) > n {
					return
				}
				select {
				case <-changed:
				case <-hang:
					return
				}
			}
		}
	})
	var next func()
	next = func() {
		if enough.Load() {
			watchers[0].Close()
			return
		}
		start(loops[0], next)
	}
	loops[0].SetImmediate(next)
	run(t, loops[0])
	others.Wait()
	require.Equal(t, [3]int64{times, times, times}, seen.all(), "seen by the loop that starts children, by another loop, by Notify")
}

func TestEveryWatcherSeesASignalOnceWhileChildrenStart(t *testing.T) {
	times := int64(1000)
	if testing.Short() {
		times = 100
	}
	oneAtATime := func(o *childprocess.Options) func(l *reactor.Loop, next func()) {
		return func(l *reactor.Loop, next func()) {
			spawn(t, l, "/bin/true", nil, o).OnClose(func(childprocess.ExitStatus) { next() })
		}
	}
	for name, start := range map[string]func(l *reactor.Loop, next func()){
		"SpawnSync in the loop that watches": func(l *reactor.Loop, next func()) {
			require.NoError(t, childprocess.SpawnSync("/bin/true", nil, nil).Err)
			l.SetImmediate(next)
		},
		"Spawn in the loop that watches": oneAtATime(nil),
		"Async":                          oneAtATime(async()),
	} {
		t.Run(name, func(t *testing.T) {
			noNewFDs(t)
			before := dispositions()
			shower(t, times, start)
			require.Equal(t, before, dispositions())
		})
	}
	t.Run("Output and Run on goroutines", func(t *testing.T) {
		noNewFDs(t)
		ctx, cancel := context.WithCancel(t.Context())
		var starting sync.WaitGroup
		for range 8 {
			starting.Go(func() {
				for ctx.Err() == nil {
					_, err := childprocess.Output(context.Background(), "/bin/true")
					if err == nil {
						err = childprocess.Run(context.Background(), "/bin/true")
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		defer starting.Wait()
		defer cancel()
		shower(t, times, func(l *reactor.Loop, next func()) { l.SetTimeout(time.Millisecond, next) })
	})
}

// The signals that this process ignores and catches never change, not even for a moment, and no
// thread keeps another mask.
func TestStartsDoNotChangeTheSignalsOfThisProcess(t *testing.T) {
	noNewFDs(t)
	before, masks := dispositions(), threadMasks(t)
	ctx, cancel := context.WithCancel(t.Context())
	var looking sync.WaitGroup
	looking.Go(func() {
		for ctx.Err() == nil {
			if now := dispositions(); now != before {
				t.Errorf("%q became %q", before, now)
				return
			}
		}
	})
	onGoroutines(4, func(int) {
		for range 50 {
			_ = childprocess.Run(context.Background(), "/bin/true")
			_ = childprocess.SpawnSync("/bin/true", nil, nil)
			_ = childprocess.Run(context.Background(), "/no/such")
		}
	})
	l := newLoop(t)
	for range 50 {
		events(spawn(t, l, "/bin/true", nil, async()))
		events(spawn(t, l, "/bin/true", nil, nil))
		run(t, l)
	}
	cancel()
	looking.Wait()
	childprocess.RetireBackground() // Its loop may block SIGCHLD.
	require.Eventually(t, func() bool {
		for id, mask := range threadMasks(t) {
			if mask != masks[id] { // 0 for a new one.
				return false
			}
		}
		return true
	}, looptest.HangLimit()/2, time.Millisecond)
}

// threadMasks returns the signals that each thread of this process blocks. It leaves out the thread
// of os/signal, which blocks all signals except the faults; a start blocks these, too.
func threadMasks(t testing.TB) map[string]uint64 {
	t.Helper()
	masks := map[string]uint64{}
	threads, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, thread := range threads {
		status, err := os.ReadFile("/proc/self/task/" + thread.Name() + "/status")
		if err != nil {
			continue // The thread has ended.
		}
		if blocked := parseState(string(status)).Blocked; bits.OnesCount64(blocked) < 32 || blocked&(1<<(syscall.SIGSEGV-1)) != 0 {
			masks[thread.Name()] = blocked
		}
	}
	return masks
}

func TestASignalThatIsIgnoredAgainIsNotIgnoredByChildren(t *testing.T) {
	needOwnFork(t, "notify-first")
	l := newLoop(t)
	file, argv := helperproc.Command("notify-first")
	output(t, l, start(t, l, "nohup", append([]string{"2", file}, argv...)...))
}

func TestANotifyDuringAStartIsNotLost(t *testing.T) {
	l := newLoop(t)
	file, argv := helperproc.Command("notify-while-starting")
	output(t, l, start(t, l, "nohup", append([]string{"2", file}, argv...)...))
}
