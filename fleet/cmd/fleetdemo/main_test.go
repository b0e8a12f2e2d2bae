package main

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

// TestMain is the program itself when it is started as an agent or a worker.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "agent" {
		exitWith(agent(os.Args[2]))
	}
	if worker, err := workers.Run(); worker {
		exitWith(err)
	}
	os.Exit(leakcheck.Main(m))
}

func TestTheCountProvesThatNothingWasLost(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, demo(150, time.Second, &out), out.String())
	require.Contains(t, out.String(), "150 jobs, 150 answers, 0 lost")
	require.Contains(t, out.String(), "[##################################################] 150 of 150\n")
	require.Error(t, demo(0, time.Second, io.Discard))
}
