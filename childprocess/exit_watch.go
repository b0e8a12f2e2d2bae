package childprocess

import (
	"strconv"
	"time"

	"github.com/brood-go/brood/reactor"
)

// An ExitWatch is a way to learn that a child has ended.
type ExitWatch uint8

// The ways.
const (
	// ExitWatchAuto chooses the best way the system has, by probing.
	ExitWatchAuto ExitWatch = iota

	// ExitWatchPidfd watches a pidfd for each child (pidfd_open(2), Linux 5.4).
	ExitWatchPidfd

	// ExitWatchSIGCHLD watches SIGCHLD and then asks for each child of the loop (wait(2)). A
	// program that goes on to ignore SIGCHLD is not told of any end; and a status that something
	// else in the program takes is lost.
	ExitWatchSIGCHLD

	// ExitWatchKqueue has a kqueue(2) filter for each child (EVFILT_PROC; the BSDs and macOS).
	ExitWatchKqueue
)

// A child whose end was told and cannot be had yet is asked for again after exitPoll, and then at
// growing distances up to exitPollLongest.
const (
	exitPoll        = time.Millisecond
	exitPollLongest = 128 * time.Millisecond
)

// String returns the way's name.
func (w ExitWatch) String() string {
	switch w {
	case ExitWatchAuto:
		return "auto"
	case ExitWatchPidfd:
		return "pidfd"
	case ExitWatchSIGCHLD:
		return "sigchld"
	case ExitWatchKqueue:
		return "kqueue"
	}
	return "ExitWatch(" + strconv.Itoa(int(w)) + ")"
}

// SetExitWatch chooses how the loop learns of the end of the children spawned from now on. It
// returns an error that wraps errors.ErrUnsupported when this system does not have that way.
func SetExitWatch(l *reactor.Loop, w ExitWatch) error {
	if l == nil {
		return &ArgumentError{"SetExitWatch", "loop", "is nil"}
	}
	all, err := childrenOf(l)
	if err != nil {
		return err
	}
	way, err := chooseExitWatch(w)
	if err != nil {
		return err
	}
	all.exitWatch = way
	return nil
}
