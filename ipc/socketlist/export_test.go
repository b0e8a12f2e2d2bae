package socketlist

import "github.com/brood-go/brood/reactor"

// Tally counts connections.
type Tally struct{ t tally }

// NewTally returns one that calls idle on l.
func NewTally(l *reactor.Loop, idle func()) *Tally { return &Tally{tally{loop: l, idle: idle}} }

// BeginAccept is beginAccept.
func (t *Tally) BeginAccept() { t.t.beginAccept() }

// EndAccept is endAccept; release takes the connection that came out again.
func (t *Tally) EndAccept(came bool) (release func()) {
	t.t.endAccept(came)
	m := &Counted{tally: &t.t}
	return m.Release
}

// Drained is drained.
func (t *Tally) Drained() bool { return t.t.drained() }
