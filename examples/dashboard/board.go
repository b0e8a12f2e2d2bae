package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

const (
	mostWorkers = 32
	mostSamples = 120  // that are kept for pages that are opened
	mostExits   = 50   // likewise
	maxQueue    = 2000 // jobs that may wait
	maxJobs     = 5000 // after which a worker is replaced
	longestLine = 200  // bytes of a worker's line
)

// A board has a pool, its load, and the numbers of both that the page shows. It is used on the loop
// goroutine only.
type board struct {
	loop *reactor.Loop
	pool *pool.Pool
	load *load
	boot string // names this run of the program: numbers of samples are of it

	period  time.Duration // of samples
	ticker  *reactor.Timer
	sampled time.Time
	before  pool.Stats // at the last sample
	seq     uint64     // of the last sample
	samples []sample
	ran     durations // since the last sample
	waited  durations

	size  int            // of the pool, as was asked for
	lines map[int]string // the last one that each worker has written to stderr, by its number
	exits []exit         // the newest is the last
}

func newBoard(l *reactor.Loop, workers, rate int, period time.Duration) (*board, error) {
	b := &board{loop: l, period: period, size: workers, lines: map[int]string{}, sampled: l.Now()}
	b.boot = strconv.FormatInt(time.Now().UnixNano(), 36)
	var err error
	b.pool, err = pool.New(l, &pool.Options{
		Self:       jobWorker,
		Name:       "dashboard",
		Max:        workers,
		MaxQueue:   maxQueue,
		MaxCrashes: pool.DefaultMaxCrashes, // A job may be run again.
		MaxJobs:    maxJobs,
		MaxMemory:  maxMemory,
		Logger:     b.logger(),
	})
	if err != nil {
		return nil, err
	}
	b.pool.OnWorkerExit(b.workerExit)
	b.pool.OnError(func(error) {}) // The exits tell of each, and Healthy of the pool.
	b.before = b.pool.Stats()
	b.load = newLoad(b, rate)
	b.ticker = l.SetInterval(period, b.sample)
	b.ticker.Unref()
	return b, nil
}

// stop ends the load and the pool.
func (b *board) stop(o *pool.StopOptions, done func(*pool.StopReport)) {
	b.load.stop()
	b.ticker.Stop()
	b.pool.Stop(o, done)
}

// resize sets the number of workers.
func (b *board) resize(n int) error {
	err := b.pool.Resize(n, n)
	if err == nil {
		b.size = n
	}
	return err
}

// An exit is a line of the log of workers that have ended.
type exit struct {
	Time       int64  `json:"time"` // ms since 1970
	Worker     int    `json:"worker"`
	Pid        int    `json:"pid"`
	Generation int    `json:"generation"`
	Reason     string `json:"reason"`
	Status     string `json:"status"`
	Jobs       int    `json:"jobs"`
}

func (b *board) workerExit(e *pool.WorkerExit) {
	status := e.Status.String()
	if e.Err != nil {
		status += ", " + strings.TrimPrefix(e.Err.Error(), "pool: ")
	}
	delete(b.lines, e.Worker.Number)
	b.exits = append(b.exits, exit{
		time.Now().UnixMilli(), e.Worker.Number, e.Worker.Pid, e.Worker.Generation, string(e.Reason), status, e.Jobs,
	})
	b.exits = b.exits[max(0, len(b.exits)-mostExits):]
}

// health returns the reason why the pool is not healthy, "" if it is.
func (b *board) health() string {
	if err := b.pool.Healthy(); err != nil {
		return err.Error()
	}
	return ""
}
