package main

import (
	"fmt"
	"syscall"

	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/signals"
)

// interrupt is the state of a program that SIGINT or SIGTERM may stop at any time.
type interrupt struct {
	watchers []*signals.Watcher
	got      signals.Signal // 0 while none came
	cancel   func()         // stops the phase that runs; nil between phases
}

// watchInterrupt watches both signals. The watchers do not keep the loop alive: each phase ends when its work does.
func watchInterrupt(loop *reactor.Loop) (*interrupt, error) {
	i := new(interrupt)
	for _, s := range []signals.Signal{syscall.SIGINT, syscall.SIGTERM} {
		w, err := signals.Watch(loop, s, i.stop)
		if err != nil {
			return nil, err
		}
		w.Unref()
		i.watchers = append(i.watchers, w)
	}
	return i, nil
}

// stop is called for the first signal. Without a watcher the next one ends the program at once.
func (i *interrupt) stop(s signals.Signal) {
	i.got = s
	for _, w := range i.watchers {
		w.Close()
	}
	i.watchers = nil
	if i.cancel != nil {
		i.cancel()
	}
}

// during runs the loop until the phase has ended, by itself or by cancel, which is called when a signal comes.
func (i *interrupt) during(loop *reactor.Loop, cancel func()) error {
	i.cancel = cancel
	defer func() { i.cancel = nil }()
	err := loop.Run()
	if err == nil && i.got != 0 {
		err = fmt.Errorf("stopped by %s", signals.Name(i.got))
	}
	return err
}

// code is the exit code after a phase has ended with err, which it prints.
func (i *interrupt) code(failed int, err error) int {
	complain(err)
	if i.got != 0 {
		return exitSignal + int(i.got)
	}
	return failed
}
