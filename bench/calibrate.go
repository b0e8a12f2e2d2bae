package main

import (
	"encoding/binary"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/bench/samples"
)

// calibrate measures the present speed of the machine by work that never changes. Each figure is
// the median of some short tries, so one interruption does not count.
func calibrate() samples.Speed {
	median := func(try func() time.Duration) int64 {
		var all []int64
		for range calibrations {
			all = append(all, int64(try()))
		}
		return samples.Quantile(all, 0.5)
	}
	return samples.Speed{CPU: median(timeComputing), WakeUp: median(timeWakeUps)}
}

// calibrations is the number of tries.
const calibrations = 5

// timeComputing returns the time of a calculation that needs neither memory nor the system.
func timeComputing() time.Duration {
	state := uint64(1)
	start := time.Now()
	for range computingSteps {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
	}
	d := time.Since(start)
	if state == 0 { // It never is; the compiler does not know.
		panic("bench: a xorshift generator that was not 0 is 0")
	}
	return d
}

// computingSteps take some milliseconds.
const computingSteps = 3_000_000

// wakeUps is the number of times that a thread is woken in one try.
const wakeUps = 100

// timeWakeUps returns the time to wake a thread that sleeps in a read. It runs two threads that
// wake each other in turn, on two processors if there are two.
func timeWakeUps() time.Duration {
	at := places()[len(places())-1]
	there, back := newEventFD(), newEventFD()
	var d time.Duration
	var both sync.WaitGroup
	both.Go(func() {
		runOn(at.child)
		for range wakeUps / 2 {
			awaitEvent(there)
			sendEvent(back)
		}
	})
	both.Go(func() {
		runOn(at.parent)
		start := time.Now()
		for range wakeUps / 2 {
			sendEvent(there)
			awaitEvent(back)
		}
		d = time.Since(start)
	})
	both.Wait()
	check(unix.Close(there))
	check(unix.Close(back))
	return d / wakeUps
}

// runOn locks the goroutine to a thread on one processor. The thread ends with the goroutine.
func runOn(cpu int) {
	runtime.LockOSThread()
	var only unix.CPUSet
	only.Set(cpu)
	check(unix.SchedSetaffinity(0, &only))
}

func newEventFD() int {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	check(err)
	return fd
}

func sendEvent(fd int) {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	_, err := unix.Write(fd, one[:])
	check(err)
}

func awaitEvent(fd int) {
	var count [8]byte
	for {
		if _, err := unix.Read(fd, count[:]); err != unix.EINTR {
			check(err)
			return
		}
	}
}
