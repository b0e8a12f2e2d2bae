package disposition_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/internal/disposition"
)

// Of the signals that os/signal cannot touch, the one that nobody in the tests uses.
const foreign syscall.Signal = 34

const (
	sigDfl  = 0
	sigIgn  = 1
	handler = 0x1000 // is never called, for nobody sends it
)

func TestASignalOfTheCLibraryIsAtItsDefaultDuringForksOnly(t *testing.T) {
	defer disposition.SetHandler(foreign, sigIgn)()
	first := disposition.Default()
	second := disposition.Default()
	first()
	require.EqualValues(t, sigDfl, disposition.Handler(foreign), "another fork is under way")
	second()
	require.EqualValues(t, sigIgn, disposition.Handler(foreign))
}

func TestAHandlerThatTheCLibrarySetDuringAForkStays(t *testing.T) {
	defer disposition.SetHandler(foreign, sigIgn)()
	restore := disposition.Default()
	disposition.SetHandler(foreign, handler)
	restore()
	require.EqualValues(t, handler, disposition.Handler(foreign))
}
