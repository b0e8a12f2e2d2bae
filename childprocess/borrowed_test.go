package childprocess_test

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/reactor"
)

// lowestFree returns the number that the next descriptor of this process will have.
func lowestFree(t testing.TB) int {
	t.Helper()
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.Close(fd))
	return fd
}

// badSlot spawns a child that shares descriptor fd, which is closed, in slot, among others.
func badSlot(l *reactor.Loop, slot, fd int, others childprocess.Stdio, o childprocess.Options) error {
	o.Stdio = []childprocess.Stdio{others, others, others, others, others, others}
	o.Stdio[slot] = childprocess.FD(fd)
	c, err := childprocess.Spawn(l, "true", nil, &o)
	if err != nil {
		return err
	}
	ev := events(c)
	if err := l.Run(); err != nil {
		return err
	}
	return ev.err
}

// A closed number is refused, although a pipe of the same child would get it.
func TestAClosedNumberIsRefusedAlthoughAPipeWouldGetIt(t *testing.T) {
	for _, async := range []bool{false, true} {
		for name, warm := range map[string]bool{"the first child of a loop": false, "a later one": true} {
			t.Run(name+", Async "+strconv.FormatBool(async), func(t *testing.T) {
				file, err := os.Open(os.DevNull)
				require.NoError(t, err)
				defer file.Close()
				for _, others := range []childprocess.Stdio{childprocess.Pipe, childprocess.Ignore, childprocess.File(file), {}} {
					for _, slot := range []int{0, 1, 2, 3, 5} {
						l := newLoop(t)
						if warm {
							warmUp(t, l)
						}
						fd := lowestFree(t)
						require.Equal(t, &childprocess.SpawnError{
							Op: "spawn", Step: childprocess.StepStdio, File: "true", Path: "slot " + strconv.Itoa(slot), Args: []string{}, Err: syscall.EBADF,
						}, badSlot(l, slot, fd, others, childprocess.Options{Async: async}))
						require.Equal(t, fd, lowestFree(t), "something is open that was not")
						require.NoError(t, l.Close())
					}
				}
				requireNoChildren(t)
			})
		}
	}
}

func TestTheSyncFormsRefuseAClosedNumberBeforeTheyOpenAnything(t *testing.T) {
	noNewFDs(t)
	fd := lowestFree(t) // The loop would get this number, too.
	for slot := range 5 {
		o := syncStdio(childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe, childprocess.Pipe)
		o.Stdio[slot] = childprocess.FD(fd)
		require.Equal(t, &childprocess.SpawnError{
			Op: "spawnSync", Step: childprocess.StepStdio, File: "true", Path: "slot " + strconv.Itoa(slot), Args: []string{}, Err: syscall.EBADF,
		}, childprocess.SpawnSync("true", nil, o).Err)
		require.Equal(t, fd, lowestFree(t))
	}
}

// Of several wrong slots the error names the first. A closed file or stream is as wrong as a closed
// number.
func TestTheFirstSlotThatCannotBeSharedIsBlamed(t *testing.T) {
	l := newLoop(t)
	warmUp(t, l)
	closed, err := os.Open(os.DevNull)
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	r, w := rawPipe(t)
	require.NoError(t, unix.Close(w))
	destroyed := readable(t, l, r)
	destroyed.Destroy(nil)
	run(t, l)
	before := leakcheck.FDs()
	for name, wrong := range map[string]childprocess.Stdio{
		"a number": childprocess.FD(lowestFree(t)),
		"a file":   childprocess.File(closed),
		"a stream": childprocess.Stream(destroyed),
	} {
		_, err := childprocess.Spawn(l, "true", nil, &childprocess.Options{
			Stdio: []childprocess.Stdio{childprocess.Ignore, childprocess.Pipe, 4: wrong, 5: wrong},
		})
		failed, ok := err.(*childprocess.SpawnError)
		require.True(t, ok, name)
		require.Equal(t, "slot 4", failed.Path, name)
		require.ErrorIs(t, failed, syscall.EBADF, name)
		require.Equal(t, before, leakcheck.FDs(), name)
	}
}

func TestOneSourceFillsManySlots(t *testing.T) {
	for _, async := range []bool{false, true} {
		l := newLoop(t)
		r, w, err := os.Pipe()
		require.NoError(t, err)
		const slots = 40
		o := &childprocess.Options{Async: async, Stdio: make([]childprocess.Stdio, slots)}
		var say []string
		var want strings.Builder
		for i := range slots {
			switch {
			case i == 0:
				o.Stdio[i] = childprocess.Ignore
				continue
			case i%2 == 0:
				o.Stdio[i] = fdOf(t, w)
			default:
				o.Stdio[i] = childprocess.File(w)
			}
			say = append(say, strconv.Itoa(i), strconv.Itoa(i)+" ")
			want.WriteString(strconv.Itoa(i) + " ")
		}
		c := startWith(t, l, o, "say", say...)
		// Also of the Async child: the call has copied the descriptors that it shares.
		require.NoError(t, w.Close())
		output(t, l, c)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.Equal(t, want.String(), string(got))
		require.NoError(t, r.Close())
	}
}

// An Owned descriptor is closed when the call returns; the child of an Async call still has it.
func TestAnAsyncChildGetsOwnedDescriptors(t *testing.T) {
	l := newLoop(t)
	warmUp(t, l)
	for range 20 {
		outEnd, out := rawPipe(t)
		errEnd, errs := rawPipe(t)
		c := spawn(t, l, shell, []string{"-c", "echo out; echo err >&2"}, &childprocess.Options{Async: true, Stdio: []childprocess.Stdio{
			childprocess.Ignore, childprocess.FD(out).Owned(), childprocess.Stream(writable(t, l, errs)).Owned(),
		}})
		// Something else takes the free numbers at once.
		taken, err := os.Open(os.DevNull)
		require.NoError(t, err)
		output(t, l, c)
		for fd, want := range map[int]string{outEnd: "out\n", errEnd: "err\n"} {
			f := os.NewFile(uintptr(fd), "")
			got, err := io.ReadAll(f)
			require.NoError(t, err)
			require.Equal(t, want, string(got))
			require.NoError(t, f.Close())
		}
		require.NoError(t, taken.Close())
	}
}
