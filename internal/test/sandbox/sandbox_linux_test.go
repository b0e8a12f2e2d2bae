package sandbox_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/leakcheck"
	"github.com/brood-go/brood/internal/test/sandbox"
)

func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }

// variable names the environment variable that Force reads.
const variable = "BROOD_TEST_REFUSE"

func init() {
	// forced writes what two calls fail with, on this thread and on another, after Force.
	helperproc.Register("forced", func([]string) {
		sandbox.Force()
		look := func() string { return unix.ErrnoName(splice()) + " " + unix.ErrnoName(preadv2()) }
		there := make(chan string)
		go func() { there <- look() }() // It ends with that.
		fmt.Print(look(), ", ", <-there, ", ", sandbox.Forced("splice"), " ", sandbox.Forced("preadv2"), " ", sandbox.Forced("eventfd2"))
	})
}

// splice and preadv2 return what the calls say about a descriptor that is not there.
func splice() unix.Errno {
	_, err := unix.Splice(-1, nil, -1, nil, 1, 0)
	return err.(unix.Errno)
}

func preadv2() unix.Errno {
	_, err := unix.Preadv2(-1, [][]byte{make([]byte, 1)}, 0, 0)
	return err.(unix.Errno)
}

func TestARefusalIsOfOneThread(t *testing.T) {
	sandbox.EachRefusal(t, func(t *testing.T, errno unix.Errno) {
		sandbox.Refuse(t, errno, sandbox.Number(unix.SYS_SPLICE))
		require.Equal(t, errno, splice())
		elsewhere := make(chan unix.Errno)
		go func() { elsewhere <- splice() }() // It ends with that.
		require.NotEqual(t, errno, <-elsewhere)
	})
}

func TestConditionsAreAboutArguments(t *testing.T) {
	// Any descriptor will do: none of these is open, and the kernel says EBADF.
	dup3 := func(a, b, flags int) error { return unix.Dup3(a, b, flags) }
	for name, c := range map[string]struct {
		call    sandbox.Call
		refused func(a, b, flags int) bool
	}{
		"all":        {sandbox.Number(unix.SYS_DUP3), func(_, _, _ int) bool { return true }},
		"one value":  {sandbox.Number(unix.SYS_DUP3).With(1, 7001), func(_, b, _ int) bool { return b == 7001 }},
		"two values": {sandbox.Number(unix.SYS_DUP3).With(0, 7000).With(1, 7001), func(a, b, _ int) bool { return a == 7000 && b == 7001 }},
		"bits": {sandbox.Number(unix.SYS_DUP3).WithBits(2, unix.O_CLOEXEC),
			func(_, _, flags int) bool { return flags&unix.O_CLOEXEC != 0 }},
		"bits that are not": {sandbox.Number(unix.SYS_DUP3).WithoutBits(2, unix.O_CLOEXEC).With(0, 7000),
			func(a, _, flags int) bool { return flags&unix.O_CLOEXEC == 0 && a == 7000 }},
	} {
		t.Run(name, func(t *testing.T) {
			sandbox.Refuse(t, unix.EACCES, c.call)
			for _, a := range []int{7000, 7002} {
				for _, b := range []int{7001, 7003} {
					for _, flags := range []int{0, unix.O_CLOEXEC} {
						want := unix.EBADF
						if c.refused(a, b, flags) {
							want = unix.EACCES
						}
						require.Equal(t, want, dup3(a, b, flags), "dup3(%d, %d, %d)", a, b, flags)
					}
				}
			}
		})
	}
}

func TestForceRefusesInAllThreads(t *testing.T) {
	file, argv := helperproc.Command("forced")
	sandbox.Need(t, "splice", "preadv2")
	for text, want := range map[string]string{
		"":                      "EBADF EBADF, EBADF EBADF, false false false",
		"EPERM:splice":          "EPERM EBADF, EPERM EBADF, true false false",
		"ENOSYS:preadv2,splice": "ENOSYS ENOSYS, ENOSYS ENOSYS, true true false",
		"EPERM:all":             "EPERM EPERM, EPERM EPERM, true true false",
		"EACCES:eventfd2":       "EBADF EBADF, EBADF EBADF, false false true",
	} {
		t.Run(text, func(t *testing.T) {
			cmd := exec.Command(file, argv...)
			cmd.Env = append(os.Environ(), variable+"="+text)
			out, err := cmd.Output()
			require.NoError(t, err)
			require.Equal(t, want, string(out))
		})
	}
}

func TestForceKnowsNoOtherWords(t *testing.T) {
	file, argv := helperproc.Command("forced")
	for _, text := range []string{"EPERM", "EPERM:", "EPERM:nosuch", "EPERM:splice,", "EBADF:splice", "splice", ":splice", "EPERM:all,nosuch"} {
		t.Run(text, func(t *testing.T) {
			cmd := exec.Command(file, argv...)
			cmd.Env = append(os.Environ(), variable+"="+text)
			out, err := cmd.CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), "panic: "+variable+"="+text)
		})
	}
}
