package childprocess_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/ipc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// ipc-many sends messages of 50 KB, more than one turn reads, and exits.
	helperproc.Register("ipc-many", func([]string) {
		inChild(func(_ *reactor.Loop, parent *ipc.Channel) {
			for range 3 {
				must(parent.Send(strings.Repeat("x", 50<<10)))
			}
		})
	})
}

// The loop polls only when the child is dead and has sent more than one turn reads.
//
//brood:checks S043 S067
func TestExitOvertakesNoMessage(t *testing.T) {
	for name, fork := range map[string]func(l *reactor.Loop) *childprocess.ChildProcess{
		"Go": func(l *reactor.Loop) *childprocess.ChildProcess { return forkHelper(t, l, nil, "ipc-many") },
		"Node": func(l *reactor.Loop) *childprocess.ChildProcess {
			return forkNode(t, l, nil, `for (let i = 0; i < 3; i++) process.send("x".repeat(50 << 10))`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLoop(t)
			c := fork(l)
			awaitZombie(t, c.Pid())
			ev := events(c)
			c.OnMessage(func(m *ipc.Message) { ev.Add(fmt.Sprint("message ", len(m.Raw()))) })
			c.OnDisconnect(func() { ev.Add("disconnect") })
			run(t, l)
			require.Equal(t, []string{"spawn", "message 51202", "message 51202", "message 51202", "disconnect", "exit 0", "close 0"}, ev.Entries)
		})
	}
}

// The pipe has exactly the data that one turn reads; the end of the data comes after that.
//
//brood:checks S045
func TestExitOvertakesNoData(t *testing.T) {
	l := newLoop(t)
	const size = 1 << 20
	c := spawn(t, l, shell, []string{"-c", "read go; exec head -c 1048576 /dev/zero"}, nil)
	if _, err := unix.FcntlInt(uintptr(c.Stdout.FD()), unix.F_SETPIPE_SZ, size); err != nil {
		kill(t, c, syscall.SIGKILL)
		run(t, l)
		t.Skip("no pipe may be as large as this here: ", err)
	}
	_, err := c.Stdin.WriteString("go\n")
	require.NoError(t, err)
	c.OnSpawn(func() { awaitZombie(t, c.Pid()) })
	ev := events(c).reading()
	run(t, l)
	require.Len(t, ev.data[1], size)
	require.Less(t, ev.index("stdout end"), ev.index("exit"), "%q", ev.process())
	require.Equal(t, "close 0", ev.last())
}

// Exit waits neither for data that a grandchild writes later nor for a stream that is not read.
func TestExitDoesNotWaitForAGrandchildOrAReader(t *testing.T) {
	l := newLoop(t)
	c := spawn(t, l, shell, []string{"-c", "yes & exit 3"}, nil)
	awaitZombie(t, c.Pid())
	ev := events(c)
	c.Stdout.OnData(func([]byte) {})
	c.OnExit(func(childprocess.ExitStatus) { c.Stdout.Destroy(nil) }) // yes gets SIGPIPE.
	run(t, l)
	require.Equal(t, "close 3", ev.last())

	c = startWith(t, l, nil, "say", "1", "unread")
	awaitZombie(t, c.Pid())
	ev = events(c)
	c.Stdout.Pause()
	c.OnExit(func(childprocess.ExitStatus) { c.Stdout.Resume() })
	run(t, l)
	require.Equal(t, []string{"spawn", "exit 0", "close 0"}, ev.process())
}
