package pool_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/pool"
)

//brood:checks W014
func TestWithoutRoomForMoreProcessesThePoolIsSmaller(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, raw(pool.Options{Min: 1, Max: 8, Starting: 8, InFlight: 1}))
	until(t, l, func() bool { return p.Stats().Idle == 1 })
	var told []error
	p.OnError(func(err error) { told = append(told, err) })
	give := takeDescriptors(t, 1) // Not enough for another worker.
	var all []*outcome
	for range 6 {
		all = append(all, run(t, p, order{Do: "echo", MS: 20}, nil))
	}
	until(t, l, settled(all...))
	give()
	for _, o := range all {
		require.NoError(t, o.err)
	}
	require.NotEmpty(t, told)
	for _, err := range told {
		require.Regexp(t, "too many open files|EMFILE", err.Error())
	}
	require.Equal(t, 1, p.Stats().Idle)
	stop(t, l, p)
}

//brood:checks W014 W054
func TestWithoutRoomForASuccessorThePoolWaits(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 1, MaxJobs: 1, Backoff: pool.Backoff{Max: 300 * time.Millisecond}}))
	ready(t, l, p, 1)
	told := 0
	p.OnError(func(error) { told++ })
	give := takeDescriptors(t, 1)
	got := run(t, p, order{}, nil)
	began := time.Now()
	until(t, l, func() bool { return told > 0 && settled(got)() })
	again := run(t, p, order{}, nil)
	until(t, l, settled(again))
	require.NoError(t, again.err)
	pass(t, l, 100*time.Millisecond)
	require.LessOrEqual(t, told, 1+int(time.Since(began)/(300*time.Millisecond)))
	give()
	until(t, l, func() bool { return p.Stats().Exits[pool.ExitMaxJobs] == 1 })
	stop(t, l, p)
}

// takeDescriptors leaves this program only n more descriptors, until give is called.
func takeDescriptors(t testing.TB, n int) (give func()) {
	t.Helper()
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	probe, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(probe))
	limit := before
	limit.Cur = uint64(probe + n)
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
	give = func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) }
	t.Cleanup(give)
	return give
}
