package childprocess_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
)

func init() {
	// capacity writes the capacity of its stdin and its stdout to stderr.
	helperproc.Register("capacity", func([]string) {
		in, out := check(unix.FcntlInt(0, unix.F_GETPIPE_SZ, 0)), check(unix.FcntlInt(1, unix.F_GETPIPE_SZ, 0))
		writeAll(2, []byte(strconv.Itoa(in)+" "+strconv.Itoa(out)))
	})
}

// pipesAreSized skips the test if this program may not set the capacity of a pipe.
func pipesAreSized(t *testing.T, size int) {
	t.Helper()
	r, w := rawPipe(t)
	defer unix.Close(r)
	defer unix.Close(w)
	if _, err := unix.FcntlInt(uintptr(w), unix.F_SETPIPE_SZ, size); err != nil {
		t.Skipf("a pipe of %d bytes: %v", size, err)
	}
}

func TestPipeCapacityIsThatOfThePipes(t *testing.T) {
	for _, size := range []int{4096, 128 << 10, 100_000} {
		pipesAreSized(t, size)
		for _, slots := range [][]childprocess.Stdio{nil, {1: childprocess.Tee(childprocess.Path(os.DevNull, os.O_WRONLY, 0))}} {
			for _, async := range []bool{false, true} {
				l := newLoop(t)
				o := stdioOptions(slots...)
				o.PipeCapacity, o.Async = size, async
				c := startWith(t, l, o, "capacity")
				ev := events(c).reading()
				run(t, l)
				for text := range strings.FieldsSeq(string(ev.data[2])) {
					got := check(strconv.Atoi(text))
					require.GreaterOrEqual(t, got, size)
					require.Less(t, got, 2*size)
				}
			}
		}
	}
}

// Much traffic makes the library enlarge a pipe, unless its capacity was chosen.
func TestPipeCapacityStaysInMuchTraffic(t *testing.T) {
	pipesAreSized(t, 4096)
	l := newLoop(t)
	o := stdioOptions(childprocess.Ignore, childprocess.Pipe, childprocess.Ignore)
	o.PipeCapacity = 4096
	flood := startWith(t, l, o, "flood", strconv.Itoa(48<<20))
	size := 0
	flood.Stdout.OnData(func([]byte) { size = check(unix.FcntlInt(uintptr(flood.Stdout.FD()), unix.F_GETPIPE_SZ, 0)) })
	run(t, l)
	require.Equal(t, 4096, size)
}

func TestAnInputFillsThePipeWhateverItsCapacity(t *testing.T) {
	noNewFDs(t)
	const large = 1 << 20
	pipesAreSized(t, large)
	file, argv := helperproc.Command("exit", "0")
	for form, feed := range map[string]func(o childprocess.Options, p []byte) error{
		"Input": func(o childprocess.Options, p []byte) error {
			o.Stdio = []childprocess.Stdio{childprocess.Input(bytes.NewReader(p))}
			return childprocess.RunWith(t.Context(), &childprocess.RunOptions{Options: o}, file, argv...)
		},
		"SyncOptions": func(o childprocess.Options, p []byte) error {
			return childprocess.SpawnSync(file, argv, &childprocess.SyncOptions{Options: o, Input: p}).Err
		},
	} {
		require.NoError(t, feed(childprocess.Options{PipeCapacity: large}, make([]byte, large)), form)
		require.ErrorIs(t, feed(childprocess.Options{PipeCapacity: large}, make([]byte, large+1)), syscall.EPIPE, form)
		require.NoError(t, feed(childprocess.Options{PipeCapacity: 4096}, make([]byte, 4096)), form)
		require.ErrorIs(t, feed(childprocess.Options{PipeCapacity: 4096}, make([]byte, 4097)), syscall.EPIPE, form)
	}
}

func TestAPipeCapacityAboveTheLimitIsRefusedByName(t *testing.T) {
	noNewFDs(t)
	pipesAreSized(t, 4096)
	o := stdioOptions()
	o.PipeCapacity = math.MaxInt32
	l := newLoop(t)
	_, err := childprocess.Spawn(l, "true", nil, o)
	failed, ok := errors.AsType[*childprocess.SpawnError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "PipeCapacity", failed.Path)
	require.Equal(t, childprocess.StepStdio, failed.Step)
	// The last two are for a privileged user: no pipe is that large.
	require.Contains(t, []error{syscall.EPERM, syscall.EINVAL, syscall.ENOMEM}, failed.Err)
}

func TestInvalidPipeCapacitiesAreRefused(t *testing.T) {
	noNewFDs(t)
	l := newLoop(t)
	for _, o := range []*childprocess.Options{
		{PipeCapacity: -1},
		{PipeCapacity: math.MaxInt},
		{PipeCapacity: 4096, Stdio: childprocess.AllStdio(childprocess.Inherit)},
		{PipeCapacity: 4096, Stdio: append(childprocess.AllStdio(childprocess.Ignore), childprocess.Pipe)},
	} {
		_, err := childprocess.Spawn(l, "true", nil, o)
		bad, ok := errors.AsType[*childprocess.ArgumentError](err)
		require.True(t, ok, "%v", err)
		require.Equal(t, "PipeCapacity", bad.Name)
	}
}
