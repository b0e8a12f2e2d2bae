package main

import (
	"math/rand/v2"
	"time"

	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

const (
	mostRate = 1000                   // jobs a second
	meanJob  = 20 * time.Millisecond  // that a job takes
	longest  = 500 * time.Millisecond // that one takes
	loadTick = 20 * time.Millisecond  // between two submissions of the jobs that are due
)

// A load gives the pool so many jobs a second. The jobs that the pool does not take are dropped.
type load struct {
	board *board
	rate  int
	due   float64 // jobs
	last  time.Time
	timer *reactor.Timer
}

func newLoad(b *board, rate int) *load {
	l := &load{board: b, rate: rate, last: b.loop.Now()}
	l.timer = b.loop.SetInterval(loadTick, l.submit)
	l.timer.Unref()
	return l
}

func (l *load) stop() { l.timer.Stop() }

// submit gives the pool the jobs that are due.
func (l *load) submit() {
	now := l.board.loop.Now()
	l.due += float64(l.rate) * min(now.Sub(l.last), time.Second).Seconds()
	l.last = now
	for ; l.due >= 1; l.due-- {
		took := min(longest, time.Duration(rand.ExpFloat64()*float64(meanJob)))
		if _, err := l.board.pool.Run(task{took}, nil, l.done); err != nil {
			l.due = 0 // The queue is full, as the page shows, or the pool has failed.
			return
		}
	}
}

// done is called with the outcome of each job. The pool counts the failed ones.
func (l *load) done(r *pool.Result, err error) {
	if err == nil {
		l.board.ran.add(r.Ran)
		l.board.waited.add(r.Waited)
	}
}
