//go:build unix

package process

// A platform supplies:
//
//	type Orphans struct                                     the children of this program that it has adopted
//	func AdoptOrphans() (*Orphans, error)                   EBUSY, or ENOTSUP
//	func (o *Orphans) Reap(tell func(Orphan)) (again bool)  waits for some of those that have ended
//	func (o *Orphans) Left() bool                           whether the last Reaps have left somebody who has ended
//	func (o *Orphans) Release()                             adopts no others

// An Orphan is a child that was adopted, has ended, and was waited for.
type Orphan struct {
	Pid    int    // another process may have it by then
	Change Change // its end
}
