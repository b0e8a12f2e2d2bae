package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThereAreTwoProcessorsUnlessGOMAXPROCSIsSet(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	t.Setenv("GOMAXPROCS", "1")
	keepProcessors()
	require.Equal(t, 1, runtime.GOMAXPROCS(0))
	t.Setenv("GOMAXPROCS", "")
	keepProcessors()
	require.Equal(t, 2, runtime.GOMAXPROCS(0))
	runtime.GOMAXPROCS(5)
	keepProcessors()
	require.Equal(t, 5, runtime.GOMAXPROCS(0))
}
