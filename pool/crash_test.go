package pool_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

func crashOf(t testing.TB, o *outcome) *pool.CrashError {
	t.Helper()
	crash, ok := errors.AsType[*pool.CrashError](o.err)
	require.True(t, ok, "%v", o.err)
	return crash
}

//brood:checks W040
func TestADeathHurtsTheJobsThatItRanAndNoOthers(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 4}))
	ready(t, l, p, 4)
	var well []*outcome
	for range 3 {
		well = append(well, run(t, p, order{Do: "pid", MS: 150}, nil))
	}
	died := run(t, p, order{Do: "exit", MS: 20}, nil)
	for range 4 {
		well = append(well, run(t, p, order{Do: "pid", MS: 10}, nil))
	}
	until(t, l, settled(append(well, died)...))
	require.Len(t, crashOf(t, died).Crashes, 1)
	for _, o := range well {
		require.NoError(t, o.err)
	}
	require.Equal(t, 5, p.Stats().Peak, "one replacement")
	stop(t, l, p)
}

//brood:checks W040
func TestAWorkerThatIsKilledFromOutsideIsReplaced(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	ended := exits(p)
	ready(t, l, p, 2)
	task, got := runTask(t, p, order{Do: "silent"}, nil)
	idle := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(idle))
	w, _ := task.Worker()
	require.NoError(t, syscall.Kill(w.Pid, syscall.SIGKILL))
	require.NoError(t, syscall.Kill(idle.result.Worker.Pid, syscall.SIGTERM))
	until(t, l, func() bool { return len(*ended) == 2 })
	require.Equal(t, 1, got.called)
	require.Equal(t, syscall.SIGKILL, crashOf(t, got).Crashes[0].Status.Signal)
	for _, e := range *ended {
		require.Equal(t, pool.ExitCrash, e.Reason)
		require.False(t, e.Forced, "not by this pool")
	}
	ready(t, l, p, 2)
	stop(t, l, p)
}

//brood:checks W041
func TestExit0InMidJobIsACrash(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1}))
	ended := exits(p)
	got := run(t, p, order{Do: "exit0"}, nil)
	until(t, l, func() bool { return got.called == 1 && len(*ended) == 1 })
	crash := crashOf(t, got).Crashes[0]
	require.True(t, crash.Status.Success())
	require.Equal(t, pool.ExitCrash, (*ended)[0].Reason)

	// The same for a worker that hangs up and goes on for a while.
	got = run(t, p, order{Do: "hang-up"}, nil)
	next := run(t, p, order{Do: "pid"}, nil)
	until(t, l, settled(got, next))
	crashOf(t, got)
	require.NoError(t, next.err)
	stop(t, l, p)
}

//brood:checks W042
func TestAnswersSentBeforeDeathCount(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1, InFlight: 4, Retries: 1}), journal.env()))
	ready(t, l, p, 1)
	answered := []*outcome{
		run(t, p, order{Do: "echo", Arg: "a", MS: 20}, nil),
		run(t, p, order{Do: "echo", Arg: "b", MS: 20}, nil),
		run(t, p, order{Do: "answer-and-die", Arg: "last words", MS: 21}, nil),
	}
	cut := run(t, p, order{Do: "echo", Arg: "cut", MS: 200}, nil)
	until(t, l, settled(append(answered, cut)...))
	for i, want := range []string{"a", "b", "last words"} {
		require.Equal(t, want, value[string](answered[i]))
		require.Equal(t, 1, journal.begun(want), "run again")
	}
	require.Equal(t, "cut", value[string](cut))
	require.Equal(t, 2, journal.begun("cut"))
	stop(t, l, p)
}

//brood:checks W042
func TestAnAnswerInTheKillGraceCounts(t *testing.T) {
	l := newLoop(t)
	o := script(t, pool.Options{Max: 1, InFlight: 2, CancelGrace: -1, KillGrace: 20 * time.Second}, `
trap 'echo "{\"id\":2,\"result\":\"in time\"}" >&3; exit 3' TERM
echo '{"ready":{"version":1,"concurrency":2}}' >&3
read a <&3
read b <&3
while :; do sleep 0.02; done
`)
	p := newPool(t, l, o)
	ready(t, l, p, 1)
	guilty := run(t, p, "a", &pool.RunOptions{Timeout: 200 * time.Millisecond})
	neighbour := run(t, p, "b", nil)
	until(t, l, settled(guilty, neighbour))
	require.ErrorIs(t, guilty.err, pool.ErrTimeout)
	require.Equal(t, "in time", value[string](neighbour))
	stop(t, l, p)
}

//brood:checks W043
func TestAStartedJobIsRetriedOnlyIfAsked(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1}), journal.env()))
	once := run(t, p, order{Do: "exit", Arg: "once"}, nil)
	none := run(t, p, order{Do: "error", Arg: `"none"`}, nil)
	thrice := run(t, p, order{Do: "error", Arg: `"thrice"`}, &pool.RunOptions{Retries: 2})
	until(t, l, settled(once, none, thrice))
	require.Len(t, crashOf(t, once).Crashes, 1)
	require.NotErrorIs(t, once.err, pool.ErrPoison)
	require.Equal(t, 1, journal.begun("once"))
	require.Equal(t, 1, journal.begun(`"none"`))
	require.Equal(t, 3, journal.begun(`"thrice"`))
	refused, ok := errors.AsType[*pool.JobError](thrice.err)
	require.True(t, ok, "%v", thrice.err)
	require.Equal(t, 3, refused.Runs)
	s := p.Stats()
	require.Equal(t, []uint64{1, 2, 2}, []uint64{s.Crashed, s.Refused, s.Retried})
	stop(t, l, p)
}

//brood:checks W043
func TestACrashTakesNoRetryFromJobErrors(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, Retries: 2}), journal.env()))
	ready(t, l, p, 1)
	task, got := runTask(t, p, order{Do: "error", Arg: `"no"`, MS: 60}, nil)
	w, ok := task.Worker()
	require.True(t, ok)
	require.True(t, p.Kill(w.Number))
	until(t, l, settled(got))
	refused, ok := errors.AsType[*pool.JobError](got.err)
	require.True(t, ok, "%v", got.err)
	require.Equal(t, 4, refused.Runs, "a crash, an error and two retries")
	stop(t, l, p)
}

//brood:checks W043
func TestTheWorkerGetsTheAttempt(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, Retries: 1}))
	ready(t, l, p, 1)
	task, got := runTask(t, p, order{Do: "attempt", MS: 50}, nil)
	w, _ := task.Worker()
	require.True(t, p.Kill(w.Number))
	until(t, l, settled(got))
	require.Equal(t, 2, value[int](got))
	require.Equal(t, 2, got.result.Runs)
	first := run(t, p, order{Do: "attempt"}, nil)
	until(t, l, settled(first))
	require.Equal(t, 0, value[int](first), "the first is not told")
	stop(t, l, p)
}

//brood:checks W043
func TestAJobWhoseChunksWereTakenIsNotRunAgain(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(one(pool.Options{Max: 1, Retries: 5}), journal.env()))
	for _, how := range []string{"chunk-and-exit", "chunk-and-error"} {
		task, got := runTask(t, p, order{Do: how, Arg: how}, nil)
		heard := 0
		task.OnChunk(func([]byte) { heard++ })
		until(t, l, settled(got))
		require.Error(t, got.err)
		require.Equal(t, 1, heard)
		require.Equal(t, 1, journal.begun(how))
	}
	// A job whose chunks no listener got can be run again.
	got := run(t, p, order{Do: "chunk-and-exit", Arg: "unheard"}, nil)
	until(t, l, settled(got))
	require.ErrorIs(t, got.err, pool.ErrPoison)
	require.Equal(t, 2, journal.begun("unheard"))
	stop(t, l, p)
}

//brood:checks W044
func TestPoisonHasEveryStatusAndItsSecondRunIsAlone(t *testing.T) {
	l := newLoop(t)
	journal := newJournalFile(t)
	p := newPool(t, l, env(raw(pool.Options{Max: 1, InFlight: 4, Retries: 9, Backoff: pool.Backoff{Min: time.Millisecond, Max: time.Millisecond}}), journal.env()))
	ready(t, l, p, 1)
	neighbours := []*outcome{
		run(t, p, order{Do: "echo", Arg: "neighbour", MS: 100}, nil),
		run(t, p, order{Do: "echo", Arg: "neighbour", MS: 100}, nil),
	}
	task, poison := runTask(t, p, order{Do: "exit", Arg: "poison", MS: 30}, nil)
	first, _ := task.Worker()
	var behind []*outcome
	p.OnWorkerExit(func(e *pool.WorkerExit) {
		if e.Worker == first {
			for range 6 {
				behind = append(behind, run(t, p, order{Do: "pid"}, nil))
			}
		}
	})
	alone := 0
	until(t, l, func() bool {
		if w, ok := task.Worker(); ok && w != first {
			require.Equal(t, 1, p.Stats().Running)
			alone++
		}
		return len(behind) > 0 && settled(append(append(neighbours, behind...), poison)...)()
	})
	require.NotZero(t, alone)
	crash := crashOf(t, poison)
	require.ErrorIs(t, poison.err, pool.ErrPoison)
	require.Len(t, crash.Crashes, 2)
	require.NotEqual(t, crash.Crashes[0].Worker, crash.Crashes[1].Worker)
	for _, c := range crash.Crashes {
		require.Equal(t, 9, c.Status.Code)
		require.Equal(t, "dying of poison\n", string(c.Stderr))
	}
	for _, o := range append(neighbours, behind...) {
		require.NoError(t, o.err)
	}
	require.Equal(t, 2, journal.begun("poison"))
	require.Equal(t, 4, journal.begun("neighbour"), "each once with it, and once by itself")
	stop(t, l, p)
}

//brood:checks W044
func TestMaxCrashes(t *testing.T) {
	for _, most := range []int{1, 3} {
		l := newLoop(t)
		journal := newJournalFile(t)
		p := newPool(t, l, env(one(pool.Options{Max: 1, MaxCrashes: most, Backoff: pool.Backoff{Min: time.Millisecond, Max: time.Millisecond}}), journal.env()))
		got := run(t, p, order{Do: "segv", Arg: "x"}, &pool.RunOptions{Retries: 1})
		until(t, l, settled(got))
		require.ErrorIs(t, got.err, pool.ErrPoison)
		require.Len(t, crashOf(t, got).Crashes, most)
		require.Equal(t, most, journal.begun("x"))
		stop(t, l, p)
	}
}

//brood:checks W044
func TestAJobWhoseChunksWereTakenInItsLastRunIsPoisonToo(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxCrashes: 2}))
	task, got := runTask(t, p, order{Do: "chunk-and-exit", MS: 50}, nil)
	task.OnChunk(func([]byte) {})
	until(t, l, func() bool { return p.Stats().Running == 1 })
	w, _ := task.Worker()
	require.True(t, p.Kill(w.Number))
	until(t, l, settled(got))
	require.Len(t, crashOf(t, got).Crashes, 2)
	require.ErrorIs(t, got.err, pool.ErrPoison)
	stop(t, l, p)
}

// halfWorker reads nothing in its first process; later ones answer each job.
const halfWorker = `
import os, socket, sys, time
s = socket.socket(fileno=3)
try:
    os.mkdir(sys.argv[1])
except FileExistsError:
    s.sendall(b'{"ready":true}\n')
    for line in s.makefile():
        s.sendall(line.replace('job', 'result').encode())
else:
    s.shutdown(socket.SHUT_RD)
    s.sendall(b'{"ready":true}\n')
    time.sleep(600)
`

//brood:checks W020
func TestAJobDoesNotWaitForAWorkerThatReadsNoMore(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip(err)
	}
	for _, protocol := range []pool.Protocol{pool.Messages, pool.Lines} {
		t.Run(protocol.String(), func(t *testing.T) {
			l := newLoop(t)
			script := filepath.Join(t.TempDir(), "half.py")
			require.NoError(t, os.WriteFile(script, []byte(halfWorker), 0o600))
			p := newPool(t, l, &pool.Options{
				Module: script, ExecPath: python, Args: []string{filepath.Join(t.TempDir(), "once")}, Protocol: protocol,
				Max: 1, MaxCrashes: 2, DisconnectGrace: 20 * time.Millisecond,
			})
			got := run(t, p, "x", nil)
			until(t, l, settled(got))
			require.Equal(t, "x", value[string](got))
			require.Equal(t, 2, got.result.Worker.Number)
			stop(t, l, p)
		})
	}
}
