package childprocess_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/sandbox"
)

// bytesReadByThread returns the bytes that this thread has read by read(2) and its relatives. The
// count of the process would include its reaped children.
func bytesReadByThread(t testing.TB) int64 {
	t.Helper()
	return countOf(t, "/proc/thread-self/io", "rchar")
}

// countOf returns a count of a file as proc_pid_io(5) describes it.
func countOf(t testing.TB, file, name string) int64 {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		if n, ok := strings.CutPrefix(line, name+": "); ok {
			count, err := strconv.ParseInt(strings.TrimSpace(n), 10, 64)
			require.NoError(t, err)
			return count
		}
	}
	require.Fail(t, "no "+name, file)
	return 0
}

//brood:checks S038
func TestNoDataPassesThroughTheParent(t *testing.T) {
	sandbox.Need(t, "splice")
	const total = 64 << 20
	if _, err := os.Stat("/proc/thread-self/io"); err != nil {
		t.Skipf("this kernel does not count what a thread reads: %v", err)
	}
	for name, connect := range connections {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			a := spawn(t, l, "head", []string{"-c", strconv.Itoa(total), "/dev/zero"}, nil)
			b := connect(t, l, a, "cat")
			c := connect(t, l, b, "wc", "-c")
			ev := events(c).reading()
			var before, after int64
			l.SetImmediate(func() { before = bytesReadByThread(t) })
			c.OnClose(func(childprocess.ExitStatus) { after = bytesReadByThread(t) })
			run(t, l)
			require.Less(t, after-before, int64(1<<20), "of %d", 2*total)
			require.Equal(t, total, mustAtoi(t, string(ev.data[1])))
		})
	}
}
