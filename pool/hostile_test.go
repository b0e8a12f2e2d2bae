package pool_test

import (
	"errors"
	"io/fs"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/reactor"
)

// failure returns the error of a pool that stops because no worker can be started, and checks that
// nothing is left of it.
func failure(t *testing.T, o *pool.Options) *pool.StartError {
	t.Helper()
	l := newLoop(t)
	p := newPool(t, l, o)
	var told []error
	p.OnError(func(err error) { told = append(told, err) })
	waiting := []*outcome{run(t, p, 1, nil), run(t, p, 2, &pool.RunOptions{Key: "k"})}
	require.NoError(t, l.Run()) // The pool stops by itself.
	var failed *pool.StartError
	for _, o := range waiting {
		require.Equal(t, 1, o.called)
		var ok bool
		failed, ok = errors.AsType[*pool.StartError](o.err)
		require.True(t, ok, "%v", o.err)
	}
	require.NotEmpty(t, told)
	_, err := p.Run(3, nil, func(*pool.Result, error) { t.Error("called") })
	require.Equal(t, error(failed), err)
	require.Equal(t, error(failed), p.Healthy())
	require.Empty(t, p.Workers())
	stop(t, l, p)
	return failed
}

func TestACommandThatDoesNotExist(t *testing.T) {
	e := failure(t, &pool.Options{Module: "/no/such/worker", Protocol: pool.Lines, Max: 2})
	require.ErrorIs(t, e, fs.ErrNotExist)
	spawn, ok := errors.AsType[*childprocess.SpawnError](e)
	require.True(t, ok, "%v", e)
	require.Equal(t, "/no/such/worker", spawn.Path)

	e = failure(t, &pool.Options{Module: "worker.js", ExecPath: "/no/such/node", Max: 2})
	require.ErrorIs(t, e, syscall.ENOENT)
}

func TestAWorkerThatExitsAtOnce(t *testing.T) {
	e := failure(t, env(one(pool.Options{Max: 3}), "RAW_READY=exit"))
	require.Equal(t, 7, e.Status.Code)
	require.Equal(t, "cannot open config\n", string(e.Stderr))
	require.ErrorContains(t, e, "exit status 7: cannot open config")
}

func TestAWorkerThatNeverSaysReady(t *testing.T) {
	for _, ignores := range []string{"", "RAW_IGNORE=1"} {
		e := failure(t, env(one(pool.Options{Max: 2, StartTimeout: 150 * time.Millisecond, KillGrace: 50 * time.Millisecond}), "RAW_READY=never", ignores))
		require.ErrorIs(t, e, pool.ErrStartTimeout)
		require.ErrorIs(t, e, syscall.ETIMEDOUT)
	}
}

func TestAWorkerThatPrintsGarbageInPlaceOfReady(t *testing.T) {
	for name, garbage := range map[string]string{
		"no JSON":                 "yes '}{' | head -n 10000 >&3; exec sleep 1000",
		"bytes":                   "head -c 100000 /dev/urandom >&3; exec sleep 1000",
		"an answer":               `echo '{"id":1,"result":2}' >&3; exec sleep 1000`,
		"an answer without a job": `echo '{"id":-3}' >&3; exec sleep 1000`,
		"a strange ready":         `echo '{"ready":"now"}' >&3; exec sleep 1000`,
		"a negative concurrency":  `echo '{"ready":{"version":1,"concurrency":-5}}' >&3; exec sleep 1000`,
		"no version":              `echo '{"ready":{}}' >&3; exec sleep 1000`,
		"another version":         `echo '{"ready":{"version":2}}' >&3; exec sleep 1000`,
		"a huge line":             "head -c 30000000 /dev/zero >&3; echo >&3; exec sleep 1000",
	} {
		t.Run(name, func(t *testing.T) {
			wait := time.Minute
			// That alone is no reason to kill it.
			if name == "no JSON" || name == "bytes" || name == "a huge line" {
				wait = 500 * time.Millisecond
			}
			e := failure(t, script(t, pool.Options{Max: 1, StartTimeout: wait, KillGrace: 50 * time.Millisecond, MaxResult: 1 << 20}, garbage))
			require.Error(t, e.Err)
			switch {
			case strings.Contains(name, "version"):
				_, ok := errors.AsType[*pool.VersionError](e)
				require.True(t, ok, "%v", e)
			case strings.HasPrefix(name, "an answer"):
				require.ErrorIs(t, e, pool.ErrBroken)
			}
		})
	}
}

func TestGarbageBesideAnswersIsReportedOnceAndDoesNoHarm(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, script(t, pool.Options{Max: 1}, `
echo '{"ready":true}' >&3
while read job <&3; do
	id=${job#*:}; id=${id%%,*}
	printf 'garbage\n\n[1,2]\n{"hello":"world"}\n{"id":%s\n"\377"\n' "$id" >&3
	echo '{"id":'"$id"',"result":'"$id"',"more":[{"id":99}],"progress":7}' >&3
done
`))
	var told []*pool.ProtocolError
	p.OnError(func(err error) {
		e, ok := errors.AsType[*pool.ProtocolError](err)
		require.True(t, ok, "%v", err)
		told = append(told, e)
	})
	for i := 1; i <= 5; i++ {
		got := run(t, p, "job", nil)
		until(t, l, settled(got))
		require.Equal(t, i, value[int](got))
		require.Equal(t, 1, got.result.Worker.Number)
	}
	require.Len(t, told, 1)
	require.Equal(t, "garbage", string(told[0].Data))
	s := p.Stats()
	require.GreaterOrEqual(t, s.Garbage, uint64(10))
	require.GreaterOrEqual(t, s.Foreign, uint64(10))
	stop(t, l, p)
}

//brood:checks W085
func TestAnAnswerToNoJobReplacesTheWorker(t *testing.T) {
	for name, job := range map[string]order{
		"twice":           {Do: "twice"},
		"for another job": {Do: "raw", Arg: `{"id":77,"result":1}`},
		"progress":        {Do: "raw", Arg: `{"id":77,"progress":1}`},
		"a chunk":         {Do: "raw", Arg: `{"id":77,"chunk":"x"}`},
		"id 0":            {Do: "raw", Arg: `{"id":0,"result":1}`},
		"a text as id":    {Do: "raw", Arg: `{"id":"1","result":1}`},
		"a huge id":       {Do: "raw", Arg: `{"id":99999999999999999999999999,"result":1}`},
		"a bad chunk":     {Do: "raw", Arg: `{"id":1,"chunk":{"base64":"*"}}`},
		"a chunk of null": {Do: "raw", Arg: `{"id":1,"chunk":[1]}`},
		"given back":      {Do: "raw", Arg: `{"id":1,"recalled":true}`},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, one(pool.Options{Max: 1}))
			ended := exits(p)
			var told []error
			p.OnError(func(err error) { told = append(told, err) })
			got := run(t, p, job, nil)
			until(t, l, func() bool { return len(*ended) == 1 && got.called == 1 })
			if name == "twice" {
				require.Equal(t, 1, value[int](got), "the first counts")
			} else {
				require.ErrorIs(t, got.err, pool.ErrBroken)
				crashOf(t, got)
			}
			require.Equal(t, pool.ExitProtocol, (*ended)[0].Reason)
			require.Len(t, told, 1)
			e, ok := errors.AsType[*pool.ProtocolError](told[0])
			require.True(t, ok, "%v", told[0])
			require.Equal(t, 1, e.Worker.Number)
			require.Equal(t, uint64(1), p.Stats().Garbage)
			next := run(t, p, order{Do: "pid"}, nil)
			until(t, l, settled(next))
			require.Equal(t, 2, resultOf(next).Worker.Number)
			stop(t, l, p)
		})
	}
}

// heap returns the size of this program's heap, in bytes.
func heap() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// bounded turns the loop until done returns true, and checks that the heap never grows by more than
// most bytes.
func bounded(t *testing.T, l *reactor.Loop, most uint64, done func() bool) {
	t.Helper()
	runtime.GC()
	before, peak := heap(), uint64(0)
	watch := l.SetInterval(20*time.Millisecond, func() {
		if peak = max(peak, heap()); peak > before+most {
			runtime.GC() // Garbage does not count.
			peak = heap()
		}
		require.Less(t, peak, before+most)
	})
	defer watch.Stop()
	until(t, l, done)
}

func TestAMessageWithoutEndIsDroppedAndItsJobFails(t *testing.T) {
	const size = "300000000"
	for _, test := range []struct {
		name     string
		protocol pool.Protocol
		text     string
	}{
		{"Lines", pool.Lines, `
echo '{"ready":true}' >&3
read job <&3
printf '{"id":1,"result":"' >&3
head -c ` + size + ` /dev/zero | tr '\0' x >&3
printf '"}\n' >&3
read job <&3
echo '{"id":2,"result":"well"}' >&3
read job <&3`},
		{"StdLines", pool.StdLines, `
echo '{"ready":true}'
read job
printf '{"id":1,"result":"'
head -c ` + size + ` /dev/zero | tr '\0' x
printf '"}\n'
read job
echo '{"id":2,"result":"well"}'
read job`},
		{"Messages", pool.Messages, `
echo '{"ready":true}' >&3
read job <&3
printf '{"id":1,"result":"' >&3
head -c ` + size + ` /dev/zero | tr '\0' x >&3
printf '"}\n' >&3
read job <&3
echo '{"id":2,"result":"well"}' >&3
read job <&3`},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := newLoop(t)
			o := script(t, pool.Options{Max: 1, MaxResult: 1 << 20}, test.text)
			o.Protocol = test.protocol
			p := newPool(t, l, o)
			ready(t, l, p, 1)
			got := run(t, p, "job", nil)
			bounded(t, l, 16<<20, settled(got))
			require.ErrorIs(t, got.err, pool.ErrTooLarge)
			next := run(t, p, "job", nil)
			bounded(t, l, 16<<20, settled(next))
			require.Equal(t, "well", value[string](next))
			require.Equal(t, 1, next.result.Worker.Number, "the worker lives")
			stop(t, l, p)
		})
	}
}

// endless returns options for a worker that writes text without end, in which 1 is the id.
func endless(t *testing.T, o pool.Options, text string) *pool.Options {
	return script(t, o, `
echo '{"ready":{"version":1,"accepts":["ping"]}}' >&3
read job <&3
exec yes '`+text+`' >&3
`)
}

func TestEndlessMessagesAreBoundedAndADeadlineEndsThem(t *testing.T) {
	for name, text := range map[string]string{
		"progress":     `{"id":1,"progress":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`,
		"chunks":       `{"id":1,"chunk":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`,
		"empty chunks": `{"id":1,"chunk":""}`,
		"garbage":      `garbage`,
		"others":       `{"hello":1}`,
		"ready":        `{"ready":true}`,
		"pongs":        `{"pong":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			p := newPool(t, l, endless(t, pool.Options{Max: 1, Timeout: 800 * time.Millisecond, CancelGrace: -1, KillGrace: -1}, text))
			ready(t, l, p, 1)
			task, got := runTask(t, p, "job", nil)
			told := 0
			task.OnProgress(func(*pool.Progress) { told++ })
			task.OnChunk(func([]byte) { told++ })
			began := time.Now()
			bounded(t, l, 32<<20, settled(got))
			require.ErrorIs(t, got.err, pool.ErrTimeout)
			require.Less(t, time.Since(began), 20*time.Second)
			if name == "progress" || name == "chunks" {
				require.NotZero(t, told)
			}
			stop(t, l, p)
		})
	}
}

func TestTooManyChunksWithoutAListenerFailTheirJob(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, endless(t, pool.Options{Max: 1, MaxResult: 1 << 20, CancelGrace: -1, KillGrace: -1}, `{"id":1,"chunk":"x"}`))
	ready(t, l, p, 1)
	task, got := runTask(t, p, "job", nil)
	task.OnChunk(func([]byte) { t.Error("it is paused") })
	task.Pause()
	bounded(t, l, 32<<20, settled(got))
	require.ErrorIs(t, got.err, pool.ErrTooLarge)
	stop(t, l, p)
}

func TestAMillionProgressMessages(t *testing.T) {
	l := newLoop(t)
	count := "1000000"
	if testing.Short() {
		count = "100000"
	}
	p := newPool(t, l, script(t, pool.Options{Max: 1}, `
echo '{"ready":true}' >&3
read job <&3
yes '{"id":1,"progress":1}' | head -n `+count+` >&3
echo '{"id":1,"progress":2}' >&3
echo '{"id":1,"result":"done"}' >&3
read job <&3
`))
	ready(t, l, p, 1)
	task, got := runTask(t, p, "job", nil)
	told := 0
	var last string
	task.OnProgress(func(p *pool.Progress) {
		require.Zero(t, got.called, "after the result")
		told++
		last = string(p.Raw())
	})
	bounded(t, l, 32<<20, settled(got))
	require.Equal(t, "done", value[string](got))
	require.Equal(t, "2", last, "the latest wins")
	require.Less(t, told, 1_000_001)
	stop(t, l, p)
}

func TestEndlessOutputIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"stderr lines": `exec yes 'a line of text' >&2`,
		"stderr":       `exec cat /dev/zero >&2`,
		"stdout":       `exec cat /dev/zero`,
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			o := raw(pool.Options{Timeout: 300 * time.Millisecond, CancelGrace: -1, KillGrace: -1, Max: 1})
			o.Self = ""
			p := newPool(t, l, script(t, *o, `
echo '{"ready":true}' >&3
read job <&3
`+text))
			ended := exits(p)
			ready(t, l, p, 1)
			got := run(t, p, "job", nil)
			bounded(t, l, 16<<20, settled(got))
			require.ErrorIs(t, got.err, pool.ErrTimeout)
			until(t, l, func() bool { return len(*ended) == 1 })
			if strings.HasPrefix(name, "stderr") {
				require.Len(t, (*ended)[0].Stderr, 64<<10)
			}
			stop(t, l, p)
		})
	}
}

func TestAWorkerThatIgnoresSIGTERMIsKilled(t *testing.T) {
	l := newLoop(t)
	o := env(one(pool.Options{Max: 2, CancelGrace: 20 * time.Millisecond, KillGrace: 50 * time.Millisecond, DisconnectGrace: 50 * time.Millisecond}), "RAW_IGNORE=1")
	p := newPool(t, l, o)
	ready(t, l, p, 2)
	stuck := run(t, p, order{Do: "spin", MS: 100_000}, &pool.RunOptions{Timeout: 30 * time.Millisecond})
	until(t, l, settled(stuck))
	ready(t, l, p, 2)
	spins := run(t, p, order{Do: "spin", MS: 100_000}, nil)
	var report *pool.StopReport
	p.Stop(&pool.StopOptions{JobGrace: 30 * time.Millisecond}, func(r *pool.StopReport) { report = r })
	require.NoError(t, l.Run())
	require.ErrorIs(t, spins.err, pool.ErrStopped)
	require.NotEmpty(t, report.Forced)
	for _, e := range report.Forced {
		require.False(t, running(e.Worker.Pid))
	}
}

func TestAJobThatCannotBeSerialized(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxJob: 1000}))
	ready(t, l, p, 1)
	never := func(*pool.Result, error) { t.Error("called") }
	type loop struct{ Self any }
	cycle := &loop{}
	cycle.Self = cycle
	for _, job := range []any{make(chan int), func() {}, cycle} {
		_, err := p.Run(job, nil, never)
		require.Error(t, err, "%T", job)
	}
	_, err := p.Run(strings.Repeat("x", 1000), nil, never)
	require.ErrorIs(t, err, pool.ErrTooLarge)
	for _, o := range []*pool.RunOptions{{Handle: 1, Attach: []byte{1}}} {
		_, err := p.Run(1, o, never)
		refused, ok := errors.AsType[*pool.OptionError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "Attach", refused.Name)
		require.ErrorIs(t, err, syscall.EINVAL)
	}
	require.PanicsWithValue(t, "pool: Run: nil callback", func() { _, _ = p.Run(1, nil, nil) })
	require.Zero(t, p.Stats().Submitted)
	fits := run(t, p, order{Do: "length", Arg: strings.Repeat("x", 900)}, nil)
	until(t, l, settled(fits))
	require.Equal(t, 900, value[int](fits))
	stop(t, l, p)
}

//brood:checks W074
func TestAResultOverTheLimitFailsItsJobAndNotTheWorker(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Max: 1, MaxResult: 1 << 20, InFlight: 4}))
	ready(t, l, p, 1)
	neighbour := run(t, p, order{Do: "echo", Arg: "neighbour", MS: 300}, nil)
	// Just over the limit, and so far over it that the channel drops it.
	for _, size := range []string{"1048576", "2000000"} {
		big := run(t, p, order{Do: "big", Arg: size}, nil)
		until(t, l, settled(big))
		require.ErrorIs(t, big.err, pool.ErrTooLarge)
	}
	until(t, l, settled(neighbour))
	require.Equal(t, "neighbour", value[string](neighbour))
	require.Empty(t, p.Stats().Exits)
	stop(t, l, p)
}

func TestAJobThatKillsEveryWorker(t *testing.T) {
	for _, policy := range []pool.CrashLoopPolicy{pool.CrashLoopWait, pool.CrashLoopFail} {
		t.Run(policy.String(), func(t *testing.T) {
			l := newLoop(t)
			o := one(pool.Options{Max: 2, MaxCrashes: 1000, CrashLoop: policy, Backoff: pool.Backoff{Min: time.Millisecond, Max: 5 * time.Millisecond}})
			p := newPool(t, l, o)
			loops := 0
			p.OnCrashLoop(func(e *pool.CrashLoopError) {
				loops++
				require.GreaterOrEqual(t, e.Deaths, 10)
			})
			deadly, got := runTask(t, p, order{Do: "exit"}, &pool.RunOptions{Retries: 1})
			until(t, l, func() bool { return loops > 0 })
			if policy == pool.CrashLoopFail {
				until(t, l, settled(got))
				_, ok := errors.AsType[*pool.CrashLoopError](got.err)
				require.True(t, ok, "%v", got.err)
				_, err := p.Run(1, nil, func(*pool.Result, error) { t.Error("called") })
				_, ok = errors.AsType[*pool.CrashLoopError](err)
				require.True(t, ok, "%v", err)
			} else {
				well := run(t, p, order{Do: "pid"}, nil)
				require.Error(t, p.Healthy())
				deadly.Cancel(nil)
				until(t, l, settled(got, well))
				require.NoError(t, well.err)
				require.NoError(t, p.Healthy())
			}
			stop(t, l, p)
		})
	}
}
