package childprocess_test

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// churn keeps the collector busy until ctx ends.
func churn(ctx context.Context) {
	var kept [][]byte
	for ctx.Err() == nil {
		if kept = append(kept, make([]byte, 32<<10)); len(kept) > 1000 {
			kept = nil
			runtime.GC()
		}
	}
}

// endsWith returns a program that writes a number and exits with it, modulo the range of an exit
// code.
func endsWith(n int) []string {
	return []string{"-c", "echo " + strconv.Itoa(n) + "; exit " + strconv.Itoa(n%256)}
}

// wrong returns an error unless the child did what endsWith says.
func wrong(form string, n, code int, out string, err error) error {
	if err != nil || code != n%256 || out != strconv.Itoa(n)+"\n" {
		return fmt.Errorf("%s %d: exit %d, %q, %w", form, n, code, out, err)
	}
	return nil
}

func byOutput(n int) error {
	out, err := childprocess.Output(context.Background(), shell, endsWith(n)...)
	code := 0
	if failed, ok := errors.AsType[*childprocess.ExitError](err); ok {
		code, err = failed.Status.Code, nil
	}
	return wrong("Output", n, code, string(out), err)
}

func byOsExec(n int) error {
	out, err := exec.Command(shell, endsWith(n)...).Output()
	code := 0
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		code, err = failed.ExitCode(), nil
	}
	return wrong("os/exec", n, code, string(out), err)
}

// byLoop runs a number of children on the loop, some at once, every other one Async.
func byLoop(l *reactor.Loop, children int) error {
	var errs []error
	started := 0
	var next func()
	next = func() {
		if started == children {
			return
		}
		n := started
		started++
		c, err := childprocess.Spawn(l, shell, endsWith(n), &childprocess.Options{Async: n%2 == 0})
		if err != nil {
			errs = append(errs, err)
			return
		}
		ev := events(c).reading()
		c.OnClose(func(s childprocess.ExitStatus) {
			errs = append(errs, wrong("Spawn", n, s.Code, string(ev.data[1]), ev.err))
			if ev.Entries[0] != "spawn" {
				errs = append(errs, fmt.Errorf("%q", ev.Entries))
			}
			next()
		})
	}
	for range 8 {
		next()
	}
	errs = append(errs, l.Run())
	return errors.Join(errs...)
}

func TestEveryStatusIsRightWhereManyStartChildrenAtOnce(t *testing.T) {
	noNewFDs(t)
	const loops, goroutines = 4, 4
	each := 250 // Two thousand children, with those of os/exec.
	if testing.Short() {
		each = 25
	}
	ctx, cancel := context.WithCancel(t.Context())
	var churning sync.WaitGroup
	churning.Go(func() { churn(ctx) })
	var errs [loops + goroutines]error
	var own [loops]*reactor.Loop
	for i := range own {
		own[i] = newLoop(t)
	}
	onGoroutines(len(errs), func(i int) {
		if i < loops {
			errs[i] = byLoop(own[i], each)
			return
		}
		for n := range each {
			by := byOutput
			if n%4 == i%4 {
				by = byOsExec
			}
			if errs[i] = by(n); errs[i] != nil {
				return
			}
		}
	})
	cancel()
	churning.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	requireNoChildren(t)
}
