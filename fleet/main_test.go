package fleet_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/brood-go/brood/internal/test/leakcheck"
)

func TestMain(m *testing.M) {
	if worker, err := workers.Run(); worker {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	// The tests mostly wait until an AckWait has passed.
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	os.Exit(leakcheck.Main(m))
}
