package pool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// attaching returns options for a script with a descriptor for attachments, 4.
func attaching(t testing.TB, o pool.Options, text string) *pool.Options {
	o.Max, o.Attachments = 1, true
	return script(t, o, text)
}

// gateFile returns a command that waits in a script until open is called.
func gateFile(t testing.TB) (wait string, open func()) {
	name := filepath.Join(t.TempDir(), "gate")
	return fmt.Sprintf("until [ -e '%s' ]; do sleep 0.01; done", name), func() { require.NoError(t, os.WriteFile(name, nil, 0o600)) }
}

// The two sockets are read independently, so attachments may come before the answers that announce
// them, one for each job.
//
//brood:checks W072
func TestAttachmentsMayComeBeforeTheirAnswers(t *testing.T) {
	wait, open := gateFile(t)
	l := newLoop(t)
	p := newPool(t, l, attaching(t, pool.Options{MaxResult: 40}, `
echo '{"ready":{"version":1,"concurrency":3}}' >&3
read job <&3; read job <&3; read job <&3
printf '\0\0\0\036aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0\0\0\036bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\0\0\0\1c' >&4
echo '{"id":1,"progress":1}' >&3
`+wait+`
printf '{"id":2,"result":1,"attach":30}\n{"id":1,"result":1,"attach":30}\n{"id":3,"result":1,"attach":1}\n' >&3
read job <&3`))
	task, first := runTask(t, p, 1, nil)
	second, third := run(t, p, 2, nil), run(t, p, 3, nil)
	task.OnProgress(func(*pool.Progress) { open() })
	until(t, l, settled(first, second, third))
	for _, got := range []*outcome{first, second, third} {
		require.NoError(t, got.err)
	}
	require.Equal(t, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", string(first.result.Attach))
	require.Equal(t, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", string(second.result.Attach))
	require.Equal(t, "c", string(third.result.Attach))
	stop(t, l, p)
}

//brood:checks W072 W085
func TestMoreAttachmentsThanJobsReplaceTheWorker(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, attaching(t, pool.Options{}, `
echo '{"ready":true}' >&3
read job <&3
printf '\0\0\0\1a\0\0\0\1b' >&4
exec sleep 1000`))
	got := run(t, p, 1, nil)
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrBroken)
	stop(t, l, p)
}

// A worker that attaches files of memory does not use the other descriptor.
//
//brood:checks W072
func TestFilesOfMemoryAreNotAwaitedOnTheDescriptor(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1, Attachments: true})
	for i := range 3 {
		got := run(t, p, i, &pool.RunOptions{Attach: []byte{1, 2}})
		until(t, l, settled(got))
		require.Equal(t, []byte{2, 3}, resultOf(got).Attach)
		require.Zero(t, pool.Announced(p))
	}
	stop(t, l, p)
}

//brood:checks W072
func TestAWorkerThatClosesTheDescriptorFailsItsResultsWithAttachments(t *testing.T) {
	for name, answer := range map[string]string{
		"before": `exec 4>&-; echo '{"id":1,"result":1,"attach":5}' >&3`,
		"after":  `echo '{"id":1,"result":1,"attach":5}' >&3; exec 4>&-`,
		"within": `echo '{"id":1,"result":1,"attach":5}' >&3; printf '\0\0\0\5he' >&4; exec 4>&-`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, attaching(t, pool.Options{}, `
echo '{"ready":true}' >&3
read job <&3
`+answer+`
read job <&3
echo '{"id":2,"result":"well"}' >&3
read job <&3`))
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			require.ErrorIs(t, got.err, pool.ErrAttach)
			next := run(t, p, 2, nil)
			until(t, l, settled(next))
			require.Equal(t, "well", value[string](next))
			stop(t, l, p)
		})
	}
}

// If a worker cannot read attachments, a job with one cannot run there.
//
//brood:checks W072
func TestAWorkerThatClosesTheDescriptorLosesItsJobsWithAttachments(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, attaching(t, pool.Options{DisconnectGrace: time.Millisecond}, `
exec 4>&-
echo '{"ready":true}' >&3
exec sleep 1000`))
	got := run(t, p, 1, &pool.RunOptions{Attach: make([]byte, 1<<20)})
	until(t, l, settled(got))
	crashOf(t, got)
	stop(t, l, p)
}

// An attachment that has come in time is not late because this program is.
//
//brood:checks W030 W072
func TestAnAttachmentThatHasComeInTimeIsTaken(t *testing.T) {
	wait, open := gateFile(t)
	l := newLoop(t)
	p := newPool(t, l, attaching(t, pool.Options{}, `
echo '{"ready":true}' >&3
read job <&3
echo '{"id":1,"result":1,"attach":5}' >&3
`+wait+`
printf '\0\0\0\5hello' >&4
read job <&3`))
	const timeout = 2 * time.Second
	got := run(t, p, 1, &pool.RunOptions{Timeout: timeout})
	until(t, l, func() bool { return pool.Announced(p) == 1 })
	open()
	// The loop is busy for longer than the timeout.
	for began := time.Now(); time.Since(began) <= timeout; time.Sleep(timeout / 20) {
	}
	until(t, l, settled(got))
	require.NoError(t, got.err)
	require.Equal(t, "hello", string(got.result.Attach))
	stop(t, l, p)
}

// When done is called, the memory is the caller's again, also if a file of memory is being made of
// it. The race detector would find a read.
//
//brood:checks W072
func TestAnAttachmentThatIsBeingCopiedIsNotBorrowedAnyMore(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1})
	ready(t, l, p, 1)
	data := make([]byte, 64<<20)
	task, got := runTask(t, p, 1, &pool.RunOptions{Attach: data})
	require.Equal(t, 1, p.Stats().Waiting)
	task.Cancel(nil)
	until(t, l, settled(got))
	for i := 0; i < len(data); i += 4 << 10 {
		data[i] = 1
	}
	require.ErrorIs(t, got.err, pool.ErrCancelled)
	next := run(t, p, 1, &pool.RunOptions{Attach: data[:1<<20]})
	until(t, l, settled(next))
	require.Len(t, resultOf(next).Attach, 1<<20)
	stop(t, l, p)
}

//brood:checks W072
func TestAnAttachmentOver2GiBIsRefused(t *testing.T) {
	if ^uint(0)>>32 == 0 {
		t.Skip("no slice is that long on this system")
	}
	l := newLoop(t)
	p := newPool(t, l, &pool.Options{Self: "attach", Max: 1, MaxQueueBytes: -1})
	var size int64 = 1<<31 + 1
	_, err := p.Run(1, &pool.RunOptions{Attach: make([]byte, size)}, func(*pool.Result, error) { t.Error("called") })
	require.ErrorIs(t, err, pool.ErrTooLarge)
	stop(t, l, p)
}
