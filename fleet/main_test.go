package fleet_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) {
	if worker, err := executor.Run(); worker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// Most of the time the tests wait for an AckWait to pass.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(leakcheck.Main(m))
}
