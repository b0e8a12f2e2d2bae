package childprocess_test

import (
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
)

func TestAChildWaitsForTheReaderOfItsLines(t *testing.T) {
	if _, err := os.Stat("/proc/self/io"); err != nil {
		t.Skipf("this kernel does not count what a process writes: %v", err)
	}
	noNewFDs(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	// More bytes than a pipe and a bridge hold. A child that does not wait would write on.
	const buffered = 1 << 20
	var last error
	pid, n := 0, 0
	for line, err := range childprocess.Lines(ctx, "sh", "-c", pidAndYes) {
		if last = err; err != nil {
			break
		}
		switch n++; n {
		case 1:
			pid, err = strconv.Atoi(line)
			require.NoError(t, err)
		case 1000:
			var written int64
			same := 0
			eventually(t, "the child waits", func() bool {
				before := written
				written = countOf(t, "/proc/"+strconv.Itoa(pid)+"/io", "wchar")
				if same++; written != before || procState(pid) != 'S' {
					same = 0
				}
				return same == 100 || written > buffered
			})
			require.Less(t, written, int64(buffered))
			cancel(errReason)
		}
	}
	require.ErrorIs(t, last, errReason)
}
