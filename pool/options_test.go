package pool_test

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/pool"
	"github.com/brood-go/brood/streams"
)

func TestOptionsThatContradictAreRefusedByName(t *testing.T) {
	l := newLoop(t)
	fork := func(o childprocess.Options) *childprocess.ForkOptions { return &childprocess.ForkOptions{Options: o} }
	for _, test := range []struct {
		name string
		o    pool.Options
	}{
		{"Module", pool.Options{}},
		{"Module", pool.Options{Self: "raw", Module: "worker"}},
		{"ExecPath", pool.Options{Self: "raw", ExecPath: "node"}},
		{"Protocol", pool.Options{Self: "raw", Protocol: pool.Lines}},
		{"Protocol", pool.Options{Module: "x", Protocol: 99}},
		{"Ready", pool.Options{Module: "x", Ready: 99}},
		{"Ready", pool.Options{Module: "x", Protocol: pool.Frames, Ready: pool.ReadyFirst}},
		{"Order", pool.Options{Module: "x", Order: 99}},
		{"CrashLoop", pool.Options{Module: "x", CrashLoop: 99}},
		{"Max", pool.Options{Module: "x", Max: -1}},
		{"Min", pool.Options{Module: "x", Max: 2, Min: 3}},
		{"Starting", pool.Options{Module: "x", Starting: -1}},
		{"InFlight", pool.Options{Module: "x", InFlight: -1}},
		{"Ahead", pool.Options{Module: "x", Ahead: -1}},
		{"MaxJob", pool.Options{Module: "x", MaxJob: -1}},
		{"MaxJob", pool.Options{Module: "x", MaxJob: 1 << 40}},
		{"MaxResult", pool.Options{Module: "x", MaxResult: -1}},
		{"MaxResult", pool.Options{Module: "x", MaxResult: 1 << 40}},
		{"MaxJobs", pool.Options{Module: "x", MaxJobs: -1}},
		{"MaxCrashes", pool.Options{Module: "x", MaxCrashes: -1}},
		{"Retries", pool.Options{Module: "x", Retries: -1}},
		{"Timeout", pool.Options{Module: "x", Timeout: -1}},
		{"QueueTimeout", pool.Options{Module: "x", QueueTimeout: -1}},
		{"IdleTimeout", pool.Options{Module: "x", IdleTimeout: -1}},
		{"MaxAge", pool.Options{Module: "x", MaxAge: -1}},
		{"StuckAfter", pool.Options{Module: "x", StuckAfter: -1}},
		{"PingInterval", pool.Options{Module: "x", PingInterval: -1}},
		{"MaxMemory", pool.Options{Module: "x", MaxMemory: -1}},
		{"MaxMemory", pool.Options{Module: "x", MaxMemory: 2, MaxMemoryHard: 1}},
		{"MaxMemoryHard", pool.Options{Module: "x", MaxMemoryHard: -1}},
		{"Backoff", pool.Options{Module: "x", Backoff: pool.Backoff{Min: -1}}},
		{"Fork.Stdio", pool.Options{Module: "x", Fork: fork(childprocess.Options{Stdio: []childprocess.Stdio{childprocess.Pipe}})}},
		{"Fork.Silent", pool.Options{Module: "x", Fork: &childprocess.ForkOptions{Silent: true}}},
		{"Fork.ExecPath", pool.Options{Module: "x", Fork: &childprocess.ForkOptions{ExecPath: "node"}}},
		{"Fork.Serialization", pool.Options{Module: "x", Fork: fork(childprocess.Options{Serialization: ipc.Advanced})}},
		{"Fork.Timeout", pool.Options{Module: "x", Fork: fork(childprocess.Options{Timeout: time.Second})}},
		{"Fork.Context", pool.Options{Module: "x", Fork: fork(childprocess.Options{Context: context.Background()})}},
		{"Fork.Shell", pool.Options{Module: "x", Fork: fork(childprocess.Options{Shell: "/bin/sh"})}},
		{"Fork.Encoding", pool.Options{Module: "x", Fork: fork(childprocess.Options{Encoding: streams.Hex})}},
		{"Fork.LineEnd", pool.Options{Module: "x", Fork: fork(childprocess.Options{LineEnd: streams.NUL})}},
		{"Fork.MaxLine", pool.Options{Module: "x", Fork: fork(childprocess.Options{MaxLine: 1})}},
		{"Fork.HighWaterMark", pool.Options{Module: "x", Fork: fork(childprocess.Options{HighWaterMark: 1})}},
		{"Fork.MaxMessage", pool.Options{Module: "x", Fork: fork(childprocess.Options{MaxMessage: 1})}},
		{"Fork.MaxQueue", pool.Options{Module: "x", Fork: fork(childprocess.Options{MaxQueue: 1})}},
		{"Fork.IdleTimeout", pool.Options{Module: "x", Fork: fork(childprocess.Options{IdleTimeout: 1})}},
		{"Fork.StopWhen", pool.Options{Module: "x", Fork: fork(childprocess.Options{StopWhen: func(int, []byte) bool { return true }})}},
		{"Fork.Overflow", pool.Options{Module: "x", Fork: fork(childprocess.Options{Overflow: 1})}},
		{"Fork.KillGrace", pool.Options{Module: "x", Fork: fork(childprocess.Options{KillGrace: 1})}},
		{"Fork.Cancel", pool.Options{Module: "x", Fork: fork(childprocess.Options{Cancel: childprocess.CancelNone})}},
		{"Fork.CancelFunc", pool.Options{Module: "x", Fork: fork(childprocess.Options{CancelFunc: func(*childprocess.ChildProcess) {}})}},
		{"Fork.Async", pool.Options{Module: "x", Fork: fork(childprocess.Options{Async: true})}},
	} {
		p, err := pool.New(l, &test.o)
		refused, ok := errors.AsType[*pool.OptionError](err)
		require.True(t, ok, "%s: %v", test.name, err)
		require.Nil(t, p)
		require.Equal(t, test.name, refused.Name, "%v", err)
		require.ErrorIs(t, err, syscall.EINVAL)
	}
	_, err := pool.New(l, nil)
	require.ErrorIs(t, err, syscall.EINVAL)
	require.False(t, l.Alive())
}

func TestOptionsThatForkRefusesLeaveNothing(t *testing.T) {
	l := newLoop(t)
	for _, o := range []*pool.Options{
		{Module: "a\x00b", Protocol: pool.Lines, Max: 2},
		{Self: "raw", Max: 2, Args: []string{"a\x00b"}},
		{Self: "nobody knows it", Max: 2},
	} {
		p, err := pool.New(l, o)
		if err == nil { // Mistakes that only the start shows fail the start.
			got := run(t, p, 1, nil)
			until(t, l, settled(got))
			_, ok := errors.AsType[*pool.StartError](got.err)
			require.True(t, ok, "%+v: %v", o, got.err)
			stop(t, l, p)
		}
	}
	require.NoError(t, l.Run())
	require.False(t, l.Alive())
}

func TestResizeAndReloadRefuseByName(t *testing.T) {
	l := newLoop(t)
	p := newPool(t, l, one(pool.Options{Max: 2}))
	name := func(err error) string {
		refused, ok := errors.AsType[*pool.OptionError](err)
		require.True(t, ok, "%v", err)
		return refused.Name
	}
	require.Equal(t, "Max", name(p.Resize(0, 0)))
	require.Equal(t, "Max", name(p.Resize(0, -1)))
	require.Equal(t, "Min", name(p.Resize(3, 2)))
	never := func(error) { t.Error("called") }
	require.Equal(t, "Batch", name(p.Reload(&pool.ReloadOptions{Batch: -1}, never)))
	require.Equal(t, "Fork.Silent", name(p.Reload(&pool.ReloadOptions{Module: "x", Fork: &childprocess.ForkOptions{Silent: true}}, never)))
	ready(t, l, p, 2)
	stop(t, l, p)
	require.ErrorIs(t, p.Reload(nil, never), pool.ErrStopped)
	require.ErrorIs(t, p.Broadcast(1, nil, func([]pool.WorkerResult) { t.Error("called") }), pool.ErrStopped)
	require.NoError(t, p.Resize(1, 1), "it is of no consequence")
	require.NoError(t, l.Run())
}
