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

// attendWord is the first argument of an attendant's process.
const attendWord = "attend"

// attendant runs one test in a process of its own. As a subreaper, this process becomes the parent
// of all processes of the test whose parents have exited, and kills them with the test, whatever
// session or group they have made.
type attendant struct {
	loop *reactor.Loop
	// nil on a system without one: there only the test's process group is killed
	reaper *childprocess.Reaper
	child  *childprocess.ChildProcess
	exited bool   // the test's own process has exited
	result result // valid after the loop has ended
}

// maxOutput bounds the output of a test: bytes.
const maxOutput = 64 << 20

// attend runs a test, LIMIT PROGRAM ARGUMENT…, and prints the result. It kills the test when stdin
// ends, because the runner has exited then.
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
	// It ends with this process, which does not wait for it.
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

// killLeft kills the remaining processes of a test that has exited. The children of a killed
// process become children of this one, and the reaper reports them.
func (a *attendant) killLeft() {
	if !a.exited {
		return
	}
	_, _ = a.child.KillGroup(syscall.SIGKILL) // Best effort: the group is usually empty.
	if a.reaper == nil {
		return
	}
	left := children()
	for _, pid := range left {
		_ = syscall.Kill(pid, syscall.SIGKILL) // Best effort: it may have exited.
	}
	if len(left) == 0 {
		a.reaper.Close()
	}
}

func (a *attendant) onRunnerExit() {
	_, _ = a.child.KillGroup(syscall.SIGKILL) // Its exit leads to killLeft.
}

// line returns the result as the runner parses it: a verdict and a reason.
func (r *result) line() string { return string(r.verdict) + "\t" + r.reason + "\n" }

func parseResult(output []byte) (result, error) {
	word, reason, ok := strings.Cut(strings.TrimSuffix(string(output), "\n"), "\t")
	r := result{verdict: verdict(word), reason: reason}
	if !ok || !r.verdict.valid() {
		return r, fmt.Errorf("the attendant says %q", output)
	}
	return r, nil
}
