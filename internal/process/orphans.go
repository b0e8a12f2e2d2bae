//go:build unix

package process

// A platform supplies:
//
//	type Orphans struct                                     the program's right to adopt orphans
//	func AdoptOrphans() (*Orphans, error)                   EBUSY, or ENOTSUP
//	func (o *Orphans) Reap(tell func(Orphan)) (again bool)  waits for some of those that have ended
//	func (o *Orphans) Left() bool                           whether the last Reaps have left ended children undecided
//	func (o *Orphans) Release()                             adopts no more

// An Orphan is an adopted child that has ended and was waited for.
type Orphan struct {
	Pid    int    // another process may have this number by now
	Change Change // its end
}
