package childprocess_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/reactor"
)

func TestPrepareTakesTheLowNumbersOnce(t *testing.T) {
	l := newLoop(t)
	require.NoError(t, childprocess.Prepare(l))
	before := countFDs("/dev/null")
	require.NoError(t, childprocess.Prepare(l))
	require.NoError(t, childprocess.Prepare(l))
	output(t, l, spawn(t, l, "/bin/true", nil, nil))
	require.Equal(t, before, countFDs("/dev/null"), "the first child has found them")
}

func TestPrepareOfNoLoop(t *testing.T) {
	require.ErrorIs(t, childprocess.Prepare(nil), syscall.EINVAL)
	l := newLoop(t)
	require.NoError(t, l.Close())
	require.ErrorIs(t, childprocess.Prepare(l), reactor.ErrClosed)
}
