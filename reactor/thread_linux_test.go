package reactor_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestRunStaysOnOneThreadWhichBindThreadSees(t *testing.T) {
	notWithNetpoll(t, threadNotKept)
	l := newLoop(t)
	var threads []int
	note := func() { threads = append(threads, unix.Gettid()) }
	l.BindThread(note, note)
	rounds := 200
	var next func()
	next = func() {
		note()
		for range 10 {
			runtime.Gosched() // Where an unlocked goroutine would change its thread.
		}
		note()
		if rounds--; rounds > 0 {
			release := l.Hold()
			whenAsleep(l, func() {
				_ = l.Post(next)
				release()
			})
		}
	}
	l.SetImmediate(next)
	run(t, l)
	require.Len(t, threads, 1+2*200+1)
	for _, thread := range threads {
		require.Equal(t, threads[0], thread)
	}
}
