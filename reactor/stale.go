package reactor

import (
	"log/slog"
	"time"
)

// A registration is stale when its watcher is closed or idle and the kernel goes on reporting it.
// epoll(7) watches open file descriptions, but removes one by the number of a descriptor. If the
// descriptor was closed before its watcher, and a copy of it lives on, no number names the
// registration any more. Because it is ready all the time, the loop never sleeps again.
//
// For a moment that also happens to correct programs: an earlier callback of a batch closes the
// watcher of a later event, or a child has a copy between fork and execve, see
// [Watcher.CloseWithFD]. So a registration counts as stale only after staleTurns polls in a row
// have reported it, over at least staleTime.

const (
	staleTurns = 64
	staleTime  = 100 * time.Millisecond
	// bounds the registrations tracked at a time; others are tracked once these are gone
	staleTracked = 16
)

// staleTable tracks the tokens that polls reported although no active watcher has them. Only the
// loop goroutine touches it.
type staleTable struct {
	last []staleEvent // reported by the poll before
	// reported by this poll so far; empty between polls, unless a panic unwound
	current []staleEvent
}

type staleEvent struct {
	token    token
	turns    int   // polls in a row that reported it, from 1 on
	since    int64 // time of the second of these, as Loop.elapsed; valid from turns 2 on
	reported bool  // reportStale was called for it
}

// note records an event that belongs to no active watcher.
func (t *staleTable) note(k token) {
	for _, e := range t.last {
		if e.token == k {
			e.turns++
			t.current = append(t.current, e)
			return
		}
	}
	if len(t.current) < staleTracked {
		t.current = append(t.current, staleEvent{token: k, turns: 1})
	}
}

// judgeStale reports and drops the registrations that have become stale. It must be called after
// each poll that leaves something in the table.
func (l *Loop) judgeStale() {
	t := &l.stale
	renew := false
	for i := range t.current {
		e := &t.current[i]
		switch {
		case e.turns == 2:
			e.since = l.elapsed()
		case e.turns >= staleTurns && time.Duration(l.elapsed()-e.since) >= staleTime:
			if !e.reported {
				e.reported = true
				l.reportStale(e.token)
			}
			e.turns = 1 // If it stays, the next attempt comes later.
			renew = true
		}
	}
	t.last, t.current = t.current, t.last[:0]
	// An embedded loop keeps its poller: renew replaces the open file description, which is what
	// the outer loop watches.
	if renew && l.alarm == nil && l.poller.renew(l.watchers.registered()) == nil {
		t.last = t.last[:0]
		l.reopenParking()
	}
}

func (l *Loop) reportStale(k token) {
	l.stats.Stale++
	const text = "brood: a descriptor was closed before its watcher, and a copy of it keeps the loop awake"
	if fd := l.watchers.lastFD(k); fd >= 0 {
		l.Log(slog.LevelWarn, text, "fd", fd)
	} else {
		l.Log(slog.LevelWarn, text)
	}
}
