package disposition_test

import (
	"os"
	"testing"

	"github.com/brood-go/brood/internal/leakcheck"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }
