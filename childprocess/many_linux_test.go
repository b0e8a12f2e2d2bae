package childprocess_test

import (
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
)

// threads returns the number of threads of this process.
func threads(t testing.TB) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	return len(tasks)
}

//brood:checks S042
func TestThousandsOfLivingChildrenCostNoThread(t *testing.T) {
	children := 2000
	if testing.Short() || closesOneByOne() { // Such a child closes its copies one by one.
		children = 200
	}
	const each = 4 // Three pipes, perhaps a pidfd.
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	if most := int(limit.Cur)/each - 100; children > most {
		t.Logf("%d children and not %d: the limit is %d descriptors", most, children, limit.Cur)
		children = most
	}
	l := newLoop(t)
	before := threads(t)
	all := make([]*childprocess.ChildProcess, children)
	exits, closes, bytes := 0, 0, 0
	for i := range all {
		c := spawn(t, l, shell, []string{"-c", "read x; echo $x; exit $x"}, nil)
		all[i] = c
		c.Stdout.OnData(func(chunk []byte) { bytes += len(chunk) })
		c.OnExit(func(s childprocess.ExitStatus) {
			exits++
			require.Equal(t, i%256, s.Code)
		})
		c.OnClose(func(s childprocess.ExitStatus) {
			closes++
			require.Equal(t, i%256, s.Code)
		})
	}
	want := 0
	l.SetImmediate(func() {
		n := threads(t)
		t.Logf("%d threads before, %d with %d children", before, n, children)
		require.Less(t, n, before+20)
		require.Zero(t, exits)
		for i, c := range all {
			answer := strconv.Itoa(i%256) + "\n"
			want += len(answer)
			_, err := c.Stdin.WriteString(answer)
			require.NoError(t, err)
		}
	})
	run(t, l)
	require.Equal(t, children, exits)
	require.Equal(t, children, closes)
	require.Equal(t, want, bytes)
	require.Less(t, threads(t), before+20)
}
