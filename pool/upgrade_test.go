package pool_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/pool"
)

//brood:checks W067
func TestAnUpgradeFailsThoughAChildOfItsProgramLivesOn(t *testing.T) {
	l := newLoop(t)
	fifo := newGate(t)
	leaves := &pool.UpgradeOptions{Program: "/bin/sh", Args: []string{"-c", `read -r go <"$1" & exit 3`, "sh", fifo.path}}
	var told []error
	require.NoError(t, pool.Upgrade(l, leaves, func(_ int, err error) { told = append(told, err) }))
	require.ErrorIs(t, pool.Upgrade(l, leaves, func(int, error) { t.Error("called") }), pool.ErrReloading)
	until(t, l, func() bool { return len(told) > 0 })
	failed, ok := errors.AsType[*pool.UpgradeError](told[0])
	require.True(t, ok, "%v", told[0])
	require.Equal(t, 3, failed.Status.Code)
	fifo.open() // It has waited since its start.
	require.NoError(t, l.Run())
	require.Len(t, told, 1)
}
