//go:build !race && (amd64 || arm64)

package childprocess_test

import (
	"context"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

// The race detector allocates memory of its own, so this file is not built with it.

// requireAllocs runs some children and requires that each costs at most so many allocations. A run
// has a few more: a map of the loop grows, and a timer sweeps the idle loops.
func requireAllocs(t *testing.T, most float64, child func()) {
	t.Helper()
	if fork := os.Getenv(forkSwitch); fork != "" || watchesSIGCHLD() {
		t.Skip("what a child costs is known of the own fork with all its features and of pidfds")
	}
	child() // The first child makes the things that the loop keeps.
	const children, ofARun = 50, 10
	all := testing.AllocsPerRun(1, func() {
		for range children {
			child()
		}
	})
	require.LessOrEqual(t, all, most*children+ofARun, "%.2f each", all/children)
}

// 5 of them are the listeners and the closure for them.
func TestAChildWithThreePipesAllocates19Times(t *testing.T) {
	l, closed := newLoop(t), 0
	requireAllocs(t, 19, func() {
		before := closed
		c, err := childprocess.Spawn(l, "/bin/true", nil, nil)
		require.NoError(t, err)
		c.Stdout.OnData(func([]byte) {})
		c.Stderr.OnData(func([]byte) {})
		c.OnClose(func(childprocess.ExitStatus) { closed++ })
		require.NoError(t, l.Run())
		require.Equal(t, before+1, closed)
	})
}

func TestACallThatWaitsAllocates26Times(t *testing.T) {
	requireAllocs(t, 26, func() { require.NoError(t, childprocess.SpawnSync("/bin/true", nil, nil).Err) })
}

func TestOutputAllocates30Times(t *testing.T) {
	requireAllocs(t, 30, func() {
		_, err := childprocess.Output(context.Background(), "/bin/true")
		require.NoError(t, err)
	})
}
