package fleet_test

import (
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
	os.Exit(leakcheck.Main(m))
}
