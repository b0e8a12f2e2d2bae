package childprocess_test

import (
	"errors"
	"io"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/internal/test/looptest"
)

func init() {
	// trace attaches to a process as a debugger does and writes the result, or the number of the
	// error. It detaches at the end of stdin, and does not wait for the process.
	helperproc.Register("trace", func(args []string) {
		runtime.LockOSThread()
		err := unix.PtraceSeize(check(strconv.Atoi(args[0])))
		var errno unix.Errno
		errors.As(err, &errno)
		writeAll(1, []byte(strconv.Itoa(int(errno))))
		check(io.Copy(io.Discard, os.Stdin))
	})
}

// The pidfd of such a child is readable, and wait(2) has no status for it. The child is no Go
// program: these send signals to themselves (SIGURG), and a traced thread stops at each of them
// until its tracer continues it, which this one never does.
func TestTheLoopDoesNotSpinForTheExitOfATracedChild(t *testing.T) {
	l := newLoop(t)
	c, err := childprocess.Spawn(l, "cat", nil, nil)
	require.NoError(t, err)
	ev := events(c)
	tracer := startWith(t, l, nil, "trace", strconv.Itoa(c.Pid()))
	answer := ""
	tracer.Stdout.OnText(func(s string) {
		answer = s
		c.Stdin.End()
	})
	looptest.Until(t, l, func() bool { return answer != "" })
	if answer != "0" {
		tracer.Stdin.End()
		run(t, l)
		t.Skip("ptrace(2) is refused here: errno ", answer)
	}
	looptest.Until(t, l, func() bool { return procState(c.Pid()) == 'Z' })
	before := l.Stats().Turns
	over := false
	l.SetTimeout(100*time.Millisecond, func() { over = true })
	looptest.Until(t, l, func() bool { return over })
	require.Less(t, l.Stats().Turns-before, uint64(1000))
	require.Zero(t, ev.count("exit"))
	tracer.Stdin.End()
	run(t, l)
	require.Equal(t, "close 0", ev.last())
}
