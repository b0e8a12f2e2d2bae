//go:build unix

package process

import "time"

// A Usage is the resources that a process has used. A platform supplies
//
//	func (p Process) Usage() (Usage, error)    of the child, which must not have been waited for
//	func OwnPeak() int64                       the most resident memory that this program has had since it was executed, in
//	                                           bytes; 0: unknown
type Usage struct {
	User, System             time.Duration
	Peak                     int64 // most resident memory, in bytes; 0: unknown
	MinorFaults, MajorFaults int64
	ReadBytes, WrittenBytes  int64 // from and to storage
	Voluntary, Involuntary   int64 // context switches
}
