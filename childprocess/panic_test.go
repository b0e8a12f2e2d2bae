package childprocess_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

// everyListener runs children with two listeners for each kind of event. The first panics if the
// event is panicAt; the second records it. The record is returned sorted, because the children's
// events have no order among each other.
func everyListener(t *testing.T, panicAt string) (log []string, panics int) {
	t.Helper()
	l := newLoopWith(t, reactor.Options{OnPanic: func(v any, _ []byte) {
		require.Equal(t, panicAt, v)
		panics++
	}})
	first := func(event string) {
		if event == panicAt {
			panic(event)
		}
	}
	second := func(event string) { log = append(log, event) }

	c := spawn(t, l, "/bin/sh", []string{"-c", `cat >/dev/null; printf 'one\ntwo\nthree\nrest'; exit 3`}, nil)
	file, args := helperproc.Command("ipc-say", "a", "b")
	worker, err := childprocess.Fork(l, file, args, nil)
	require.NoError(t, err)
	missing := spawn(t, l, "/does/not/exist", nil, nil)
	for _, note := range []func(string){first, second} {
		c.OnSpawn(func() { note("spawn") })
		c.OnExit(func(childprocess.ExitStatus) { note("exit") })
		c.OnClose(func(childprocess.ExitStatus) { note("close") })
		c.Stdout.OnData(func([]byte) { note("data") })
		c.Stdout.OnText(func(string) { note("text") })
		c.Stdout.OnLine(func([]byte) { note("line") })
		c.Stdout.OnEnd(func() { note("end") })
		c.Stdout.OnClose(func() { note("stdout close") })
		c.Stdin.OnFinish(func() { note("finish") })
		c.Stdin.OnClose(func() { note("stdin close") })
		_, err := c.Stdin.WriteThen([]byte("x\n"), func(error) { note("written") })
		require.NoError(t, err)
		worker.OnMessage(func(*ipc.Message) { note("message") })
		worker.OnDisconnect(func() { note("disconnect") })
		worker.OnExit(func(childprocess.ExitStatus) { note("worker exit") })
		worker.OnClose(func(childprocess.ExitStatus) { note("worker close") })
		missing.OnError(func(error) { note("error") })
		missing.OnClose(func(childprocess.ExitStatus) { note("error close") })
		_, err = childprocess.Exec(l, "echo out", nil, func(err error, stdout, _ []byte) {
			require.NoError(t, err)
			require.Equal(t, "out\n", string(stdout))
			note("exec")
		})
		require.NoError(t, err)
	}
	c.Stdin.End()
	run(t, l)
	slices.Sort(log)
	return log, panics
}

func TestAPanicInAnyListenerCostsNobodyElseAnything(t *testing.T) {
	want, panics := everyListener(t, "")
	require.Zero(t, panics)
	events := slices.Compact(slices.Clone(want))
	require.Len(t, events, 18)
	for _, event := range events {
		t.Run(event, func(t *testing.T) {
			got, panics := everyListener(t, event)
			require.NotZero(t, panics)
			require.Equal(t, want, got)
		})
	}
}
