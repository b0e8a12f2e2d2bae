package reactor

import (
	"log/slog"
	"time"
)

// A registration is stale when its watcher is gone or idle and the kernel goes on reporting it.
// epoll(7) watches open file descriptions, and takes one out by the number of a descriptor: when
// that was closed before its watcher, and a copy of it lives on, nothing can name it any more. As
// it is ready all the time, the loop never sleeps again.
//
// For a moment that happens to those who do nothing wrong: an event of a batch whose watcher was
// closed by an earlier callback of the batch, or a copy that a child has between fork and execve,
// see [Watcher.CloseWithFD]. So a registration counts as stale when polls in a row have reported
// it, staleTurns of them and for staleTime.

const (
	staleTurns = 64
	staleTime  = 100 * time.Millisecond
	// registrations that are followed at a time; the next ones have their turn when these are gone
	staleTracked = 16
)

// staleTable follows what was reported and belongs to nobody.
type staleTable struct {
	last    []staleEvent // in the poll before
	current []staleEvent // in this one
}

type staleEvent struct {
	token    token
	turns    int   // polls in a row
	since    int64 // as Loop.elapsed
	reported bool
}

// note is told of an event that no watcher wants.
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

// judgeStale is called after each poll, when there is something in the table.
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
			e.turns = 1 // Should it stay, the next attempt has time.
			renew = true
		}
	}
	t.last, t.current = t.current, t.last[:0]
	// In a loop around this one the poller is registered by its open file description, which renew
	// replaces.
	if renew && l.alarm == nil && l.poller.renew(l.watchers.registered()) == nil {
		t.last = t.last[:0]
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
