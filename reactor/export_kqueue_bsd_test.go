//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package reactor

import (
	"time"

	"golang.org/x/sys/unix"
)

// Views of the kqueue poller for the tests.

// FDKind is a kind of descriptors, by the way in which their end shows.
type FDKind = fdKind

// The kinds.
const (
	KindOther  = kindOther
	KindSocket = kindSocket
	KindPipe   = kindPipe
)

// MaxSlot is the last slot of the watcher table that the poller takes.
const MaxSlot = maxSlot

// Udata returns the number that stands for a token in the kernel.
func Udata(slot, gen uint32) uintptr { return token{slot, gen}.udata() }

// Filters returns how the two filters of a descriptor are registered.
func Filters(kind FDKind, access int, want Readiness) (read, write string) {
	names := map[filterMode]string{filterOff: "off", filterLevel: "level", filterEdge: "edge", filterGuard: "guard"}
	r, w := (&registration{kind: kind, access: access}).filters(want)
	return names[r], names[w]
}

// EdgeTriggered is the readiness that makes a filter edge-triggered.
const EdgeTriggered = edgeTriggered

// An Event is a kevent as the kernel returns it.
type Event struct {
	Write  bool // EVFILT_WRITE, else EVFILT_READ
	EOF    bool // EV_EOF
	Failed bool // EV_ERROR
	Fflags uint32
}

// ReadinessOf returns what an event means for a watcher of such a descriptor.
func ReadinessOf(kind FDKind, access int, want Readiness, e Event) Readiness {
	filter, flags := unix.EVFILT_READ, 0
	if e.Write {
		filter = unix.EVFILT_WRITE
	}
	if e.EOF {
		flags |= unix.EV_EOF
	}
	if e.Failed {
		flags |= unix.EV_ERROR
	}
	list := newKevents(1)
	setKevent(&list[0], 0, filter, flags, e.Fflags, 0, 0)
	return (&registration{kind: kind, access: access, want: want}).readiness(&list[0])
}

// UdataSurvives reports whether udata is read back from a kevent as it was written.
func UdataSurvives(udata uintptr) bool {
	list := newKevents(2)
	setKevent(&list[1], 1, unix.EVFILT_READ, unix.EV_ADD, 2, 3, udata)
	return udataOf(&list[1]) == udata && udataOf(&list[0]) == 0
}

// AlarmTime returns how long an alarm for d is set to.
func AlarmTime(d time.Duration) time.Duration {
	fflags, data := alarmData(d)
	if fflags == 0 {
		return time.Duration(data) * time.Millisecond
	}
	return time.Duration(data)
}
