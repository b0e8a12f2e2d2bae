package signals_test

import (
	"encoding/json"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/looptest"
	"github.com/brood-go/brood/internal/test/sandbox"
	"github.com/brood-go/brood/signals"
)

// The numbers that have a name are those that kill(2) takes. A child that has ended and was not
// reaped yet takes any signal, without an effect.
func TestNamedNumbersAreThoseTheKernelTakes(t *testing.T) {
	child := exec.Command("true")
	require.NoError(t, child.Start())
	pid := child.Process.Pid
	require.NoError(t, ignoringEINTR(func() error {
		return unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
	}))

	for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
		require.NoError(t, unix.Kill(pid, s), "kill %s (%d)", signals.Name(s), int(s))
	}
	require.ErrorIs(t, unix.Kill(pid, signals.MaxSignal+1), unix.EINVAL)
	require.NoError(t, child.Wait())
}

func ignoringEINTR(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

func TestNamesAreThoseOfBash(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skipf("no bash to compare with: %v", err)
	}
	list, err := exec.Command(bash, "-c", "kill -l").Output()
	require.NoError(t, err)
	pairs := regexp.MustCompile(`(\d+)\) (SIG\S+)`).FindAllSubmatch(list, -1)
	require.NotEmpty(t, pairs, "kill -l printed %q", list)

	listed := map[string]string{}
	for _, pair := range pairs {
		listed[string(pair[1])] = string(pair[2])
	}
	if listed["34"] != "SIGRTMIN" {
		t.Skipf("this bash has another C library: signal 34 is %q", listed["34"])
	}
	for n, name := range listed {
		number, err := strconv.Atoi(n)
		require.NoError(t, err)
		require.Equal(t, name, signals.Name(signals.Signal(number)))
	}
	// bash leaves out the numbers that no header names.
	for s := signals.Signal(1); s <= signals.MaxSignal; s++ {
		n := strconv.Itoa(int(s))
		if _, ok := listed[n]; !ok {
			require.Equal(t, "SIG"+n, signals.Name(s))
		}
	}
}

func TestNamesAreThoseOfNode(t *testing.T) {
	sandbox.Need(t, "eventfd2") // Node cannot do without.
	out, err := exec.Command(looptest.NodePath(t), "-p", "JSON.stringify(os.constants.signals)").Output()
	require.NoError(t, err)
	var theirs map[string]signals.Signal
	require.NoError(t, json.Unmarshal(out, &theirs), "node printed %q", out)
	require.NotEmpty(t, theirs)

	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		ours, err := signals.Parse(name)
		require.NoError(t, err)
		require.Equal(t, theirs[name], ours, name)
		require.Contains(t, theirs, signals.Name(ours), "Name of Node's %s", name)
	}
}
