//go:build !linux

package reactor

import "time"

// parking is empty here, because the runtime's poller does not take a kqueue: a loop with
// [Options].Netpoll sleeps like any other.
type parking struct{}

func openParking(*poller) (*parking, error) { return nil, nil }

func (*parking) prepare(time.Duration) {}
func (*parking) wait() (int, error)    { return 0, nil }
func (*parking) done()                 {}
func (*parking) close() error          { return nil }

type parkedWaker struct {
	waker
	parking *parking
}
