//go:build !race

package pool_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

// This file is not built with the race detector, which allocates too.

// TestAJobOfAnotherGoroutineAllocates counts the allocations of a job of the loop, of the way to
// the loop and back, and of decoding the text.
func TestAJobOfAnotherGoroutineAllocates(t *testing.T) {
	e := newEchoes(t, 1)
	release := e.loop.Hold()
	done := make(chan error)
	go func() { done <- e.loop.Run() }() // It ends when release is called and the pool has stopped.
	job := any(echoText)
	var text string
	do := func() {
		if err := e.Do(t.Context(), job, &text, nil); err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		do()
	}
	text = ""
	allocs := testing.AllocsPerRun(1000, do)
	require.NoError(t, e.loop.Post(func() { e.Stop(nil, func(*pool.StopReport) {}) }))
	release()
	require.NoError(t, <-done)
	require.LessOrEqual(t, allocs, 13.0)
	require.Equal(t, echoText, text)
}
