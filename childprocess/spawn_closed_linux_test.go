package childprocess_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
	"github.com/brood-go/brood/streams"
)

func init() {
	// starved-user uses everything that a child has, like a program that expects one. It starts
	// children with 0 free descriptors, then with 1, and so on until one runs, by the form in its
	// argument, and writes the results of the others.
	helperproc.Register("starved-user", func(args []string) {
		openRuntimePoller()
		var all []used
		for left := 0; ; left++ {
			u, ran := useStarved(args[0], left)
			if ran {
				break
			}
			all = append(all, u)
		}
		writeAll(1, check(json.Marshal(all)))
	})
}

// used is the result of using a child that could not be started.
type used struct {
	Events  []string // of the child and its streams
	Write   string   // the error of Write to Stdin
	Lines   []string // the errors at the end of the lines of Stdout and of Stderr
	Sink    string   // the error of the destination of Stdout's pipe
	Wait    string
	Channel string // of Send, and Connected; empty without a channel
	Leaks   string
}

func startStarved(l *reactor.Loop, form string) (*childprocess.ChildProcess, error) {
	switch form {
	case "Exec":
		return childprocess.Exec(l, "exit 0", nil, nil)
	case "Fork":
		return childprocess.Fork(l, "/bin/true", nil, &childprocess.ForkOptions{Silent: true})
	case "ForkSelf":
		return childprocess.ForkSelf(l, "unknown", nil, &childprocess.ForkOptions{Silent: true})
	case "Async":
		return childprocess.Spawn(l, "/bin/true", nil, async())
	}
	return childprocess.Spawn(l, "/bin/true", nil, nil)
}

func useStarved(form string, left int) (u used, ran bool) {
	before := leakcheck.FDs()
	l := check(openLoop())
	sink := check(streams.NewWritable(l, check(syscall.Dup(1)), nil))
	giveBack := takeDescriptors(left)
	c := check(startStarved(l, form))
	told := make(chan struct{})
	c.OnSpawn(func() { ran = true })
	ev := events(c)
	for _, r := range []*streams.Readable{c.Stdout, c.Stderr} {
		r.OnLine(func([]byte) {})
		r.OnText(func(string) {})
		go func() { // It ends with the stream.
			text := "the end"
			for _, err := range r.Lines() {
				if err != nil {
					text = err.Error()
				}
			}
			_ = l.Post(func() { u.Lines = append(u.Lines, text) })
			told <- struct{}{}
		}()
	}
	sink.OnError(func(err error) { u.Sink = err.Error() })
	c.Stdout.Pipe(sink, nil)
	_, err := c.Stdin.WriteString("text")
	u.Write = fmt.Sprint(err)
	c.Stdin.End()
	if channel := c.Channel(); channel != nil {
		channel.OnMessage(func(*ipc.Message) {})
		u.Channel = fmt.Sprint(c.Send("text"), c.Connected())
		c.OnDisconnect(func() { ev.Add("disconnect") })
	}
	release := l.Hold()
	go func() { // It ends with the child, and stops the loop.
		_, err := c.Wait(context.Background())
		<-told
		<-told
		_ = l.Post(func() { u.Wait = fmt.Sprint(err) })
		release()
	}()
	check(0, l.Run())
	giveBack()
	u.Events = ev.Entries
	check(0, l.Close())
	if after := leakcheck.FDs(); !maps.Equal(before, after) {
		u.Leaks = fmt.Sprint(before, " became ", after)
	}
	return u, ran
}

func TestAProgramThatExpectsStreamsDoesNotPanicForWantOfDescriptors(t *testing.T) {
	for form, op := range map[string]string{
		"Spawn": "spawn", "Async": "spawn", "Exec": "exec", "Fork": "fork", "ForkSelf": "fork",
	} {
		t.Run(form, func(t *testing.T) {
			var all []used
			l := newLoop(t)
			require.NoError(t, json.Unmarshal([]byte(output(t, l, start(t, l, "starved-user", form))), &all))
			require.NotEmpty(t, all)
			for left, u := range all {
				file := map[string]string{"Exec": "/bin/sh", "ForkSelf": "/proc/self/exe"}[form]
				if file == "" {
					file = "/bin/true"
				}
				failure := op + " " + file + ": resource: EMFILE: too many open files"
				want := used{
					Events: []string{"error EMFILE", "stdin close", "stderr close", "close -24", "stdout close"},
					Write:  streams.ErrClosed.Error(), Lines: []string{failure, failure}, Sink: failure, Wait: failure,
				}
				if form == "Fork" || form == "ForkSelf" {
					want.Channel = ipc.ErrChannelClosed.Error() + " false"
					want.Events = append([]string{"error EMFILE", "disconnect"}, want.Events[1:]...)
				}
				if form == "Async" && u.Sink == "" {
					// There were descriptors for the pipes but none for the fork, so the pipes end.
					require.Equal(t, failure, u.Wait)
					continue
				}
				require.Equal(t, want, u, "with %d descriptors left", left)
			}
		})
	}
}

// A slot can fail for other reasons. An Async child, which Spawn has returned by then, has its
// streams nevertheless.
func TestAnAsyncChildWhoseSlotsCannotBeHadHasClosedStreams(t *testing.T) {
	l := newLoop(t)
	o := async()
	o.Stdio = []childprocess.Stdio{3: childprocess.FD(math.MaxInt16), 4: childprocess.IPC, 5: childprocess.Pipe}
	c := spawn(t, l, "/bin/true", nil, o)
	ev := events(c)
	require.NotNil(t, c.Stdio[5].Readable)
	require.NotNil(t, c.Stdio[5].Writable)
	require.Equal(t, ipc.ErrChannelClosed, c.Send("x"))
	_, err := c.Stdin.WriteString("x")
	require.Equal(t, streams.ErrClosed, err)
	killed, err := c.Kill(syscall.SIGTERM)
	require.NoError(t, err)
	require.True(t, killed, "until the refusal is told")
	c.Unref()
	c.Ref()
	run(t, l)
	failed, ok := errors.AsType[*childprocess.SpawnError](ev.err)
	require.True(t, ok)
	require.Equal(t, childprocess.StepStdio, failed.Step)
	require.Equal(t, syscall.EBADF, failed.Err)
	require.Equal(t, []string{
		"error EBADF", "stdin close", "stdio5w close", "stdio5 close", "stderr close", "close -9", "stdout close",
	}, ev.Entries)
}
