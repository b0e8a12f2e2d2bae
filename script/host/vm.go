package host

import (
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/script/engine"
)

// bindVM gives the library the functions of module vm.
func bindVM(b *builder) {
	h := b.h
	b.fn("realm", func(c *engine.Call) (engine.Value, error) { return c.Realm(c.Object()) })
	b.fn("globalOf", func(c *engine.Call) (engine.Value, error) { return c.GlobalOf(c.Arg(0)), nil })
	// compile(source, file) throws if the source is no script.
	b.fn("compile", func(c *engine.Call) (engine.Value, error) {
		return c.Undefined(), h.readsAsScript(c.Scope, c.Arg(0).Text(), c.Arg(1).Text())
	})
	// run(realm, source, file, ms, breaks) runs a script. realm undefined: in the caller's global
	// object. ms: the time limit, 0 for none. breaks: SIGINT ends the script.
	b.fn("run", func(c *engine.Call) (engine.Value, error) {
		file := c.Arg(2).Text()
		source := h.lower(file, c.Arg(1).Text())
		run := func() (engine.Value, error) {
			if realm := c.Arg(0); !realm.IsUndefined() {
				v, err := c.EvalIn(realm, file, source)
				return v, inNodesWords(err, file, source, 0)
			}
			v, err := c.Eval(file, source)
			return v, inNodesWords(err, file, source, 0)
		}
		if ms := c.Arg(3).Int(); ms > 0 {
			unlimited := run
			run = func() (engine.Value, error) { return h.limited(ms, unlimited) }
		}
		if c.Arg(4).Bool() {
			return h.breakable(run)
		}
		return run()
	})
}

// limited runs fn, and interrupts the script after ms milliseconds.
func (h *Host) limited(ms int64, fn func() (engine.Value, error)) (v engine.Value, failure error) {
	err := error(&codedError{"Error", "ERR_SCRIPT_EXECUTION_TIMEOUT",
		fmt.Sprintf("Script execution timed out after %dms", ms)})
	fired := make(chan struct{})
	timer := time.AfterFunc(time.Duration(ms)*time.Millisecond, func() {
		h.engine.Interrupt(err)
		close(fired)
	})
	// Also after a panic of fn, because its caller may recover and go on with the host.
	defer func() {
		if !timer.Stop() {
			<-fired // Wait for the timer's Interrupt, which must not hit the next call.
		}
		if h.engine.ResumeFrom(err) {
			failure = err
		}
	}()
	return fn()
}

// breakable runs fn, and interrupts the script on SIGINT. The goroutine that waits for the signal
// has ended when breakable returns.
func (h *Host) breakable(fn func() (engine.Value, error)) (v engine.Value, failure error) {
	err := error(&codedError{"Error", "ERR_SCRIPT_EXECUTION_INTERRUPTED", "Script execution was interrupted by `SIGINT`"})
	signals, done, stopped := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, unix.SIGINT)
	go func() {
		defer close(stopped)
		select {
		case <-signals:
			h.engine.Interrupt(err)
		case <-done:
		}
	}()
	// Also after a panic of fn, as in limited.
	defer func() {
		signal.Stop(signals)
		close(done)
		<-stopped
		if h.engine.ResumeFrom(err) {
			failure = err
		}
	}()
	return fn()
}
