package process_test

import (
	"os"
	"testing"

	"github.com/brood-go/brood/internal/process"
	"github.com/brood-go/brood/internal/test/leakcheck"
)

// forkSwitch is the variable that names the missing part of the fork, see process.Force.
const forkSwitch = "BROOD_TEST_FORK"

func TestMain(m *testing.M) {
	if !process.Force(os.Getenv(forkSwitch)) {
		panic(forkSwitch + "=" + os.Getenv(forkSwitch))
	}
	os.Exit(leakcheck.Main(m))
}
