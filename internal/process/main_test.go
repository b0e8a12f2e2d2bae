package process_test

import (
	"os"
	"testing"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// forkSwitch is the variable that says which part of the fork is missing, see process.Force.
const forkSwitch = "BROOD_TEST_FORK"

func TestMain(m *testing.M) {
	if !process.Force(os.Getenv(forkSwitch)) {
		panic(forkSwitch + "=" + os.Getenv(forkSwitch))
	}
	os.Exit(leakcheck.Main(m))
}
