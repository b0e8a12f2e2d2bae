package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

// attendWord is the first argument of a process that attends a test.
const attendWord = "attend"

// attendant runs one test in a process of its own, so that everything the test has started comes to
// this process when its parent has ended, and to none that attends another test: it is ended with
// the test, whatever session or group it has made.
type attendant struct {
	loop *reactor.Loop
	// nil on a system that has none: what is outside of the test's process group is not reached
	// there
	reaper *childprocess.Reaper
	child  *childprocess.ChildProcess
	exited bool
	result result
}

// maxOutput is how much a test may write, in bytes.
const maxOutput = 64 << 20

// attend runs a test, LIMIT PROGRAM ARGUMENT…, and prints the result. It ends the test when stdin
// ends, which is the end of the runner.
func attend(args []string) error {
	limit, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	a := &attendant{}
	if a.loop, err = reactor.New(nil); err != nil {
		return err
	}
	if a.reaper, err = childprocess.NewReaper(a.loop); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if a.reaper != nil {
		a.reaper.OnExit(func(int, childprocess.ExitStatus) { a.killLeft() })
	}
	a.child, err = childprocess.ExecFile(a.loop, args[1], args[2:], &childprocess.ExecOptions{
		MaxBuffer: maxOutput,
		Options:   childprocess.Options{Detached: true, Timeout: limit, KillSignal: syscall.SIGKILL, CloseGrace: time.Second},
	}, func(err error, stdout, stderr []byte) { a.result = resultOf(limit, err, stdout, stderr) })
	if err != nil {
		return err
	}
	a.child.OnExit(func(childprocess.ExitStatus) {
		a.exited = true
		a.killLeft()
	})
	// It ends with this process, and nobody waits for it.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = a.loop.Post(a.onRunnerExit)
	}()
	if err := a.loop.Run(); err != nil {
		return err
	}
	_, err = fmt.Print(a.result.line())
	return err
}

// killLeft ends what the test has left. Those whose parents are ended by it are told as they come.
func (a *attendant) killLeft() {
	if !a.exited {
		return
	}
	_, _ = a.child.KillGroup(syscall.SIGKILL) // Best effort: mostly there is nobody.
	if a.reaper == nil {
		return
	}
	left := children()
	for _, pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL) // It may just have ended.
	}
	if len(left) == 0 {
		a.reaper.Close()
	}
}

func (a *attendant) onRunnerExit() {
	_, _ = a.child.KillGroup(syscall.SIGKILL) // The rest follows its exit.
}

// line is the result as the runner reads it: a verdict and a reason.
func (r *result) line() string { return string(r.verdict) + "\t" + r.reason + "\n" }

func parseResult(output []byte) (result, error) {
	word, reason, ok := strings.Cut(strings.TrimSuffix(string(output), "\n"), "\t")
	r := result{verdict: verdict(word), reason: reason}
	if !ok || !r.verdict.valid() {
		return r, fmt.Errorf("the attendant says %q", output)
	}
	return r, nil
}
