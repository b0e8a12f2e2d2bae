package childprocess_test

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/brood-go/brood/childprocess"
	"github.com/brood-go/brood/internal/test/helperproc"
	"github.com/brood-go/brood/reactor"
)

func init() {
	// tell-and-wait writes a byte to the FIFO that is named first, waits for the end of the second
	// one, writes a line, and then waits for ever.
	helperproc.Register("tell-and-wait", func(args []string) {
		check(0, os.WriteFile(args[0], []byte{'r'}, 0))
		check(os.ReadFile(args[1]))
		writeAll(1, []byte("line\n"))
		select {}
	})
}

// breakable is a loop whose poll the test can make fail.
type breakable struct {
	loop  *reactor.Loop
	fd    int // of its epoll
	own   int // how many descriptors it watches without a child
	saved int
}

// newBreakable makes the loop for the next call that waits.
func newBreakable(t *testing.T) *breakable {
	l, err := openLoop()
	require.NoError(t, err)
	next := l
	childprocess.OpenPrivateLoops(func() (*reactor.Loop, error) {
		if l := next; l != nil {
			next = nil
			return l, nil
		}
		return openLoop()
	})
	b := &breakable{loop: l, fd: l.FD()}
	b.own = b.watches()
	return b
}

// watches returns how many descriptors the epoll has.
func (b *breakable) watches() int {
	text, err := os.ReadFile("/proc/self/fdinfo/" + strconv.Itoa(b.fd))
	if err != nil {
		return 0 // The loop was abandoned, and the next call has not made one yet.
	}
	return strings.Count(string(text), "tfd:")
}

// awaitChild returns when the loop watches a child, which may have run before, and nothing else.
func (b *breakable) awaitChild(t *testing.T) {
	last, same := b.own, 0
	eventually(t, "the child is watched", func() bool {
		n := b.watches()
		if same++; n <= b.own || n != last {
			same = 0
		}
		last = n
		return same == 100
	})
}

// hurt replaces the epoll by a file of another kind. A wait that has begun is the last one that
// succeeds.
func (b *breakable) hurt(t *testing.T) {
	var err error
	b.saved, err = unix.FcntlInt(uintptr(b.fd), unix.F_DUPFD_CLOEXEC, 0)
	require.NoError(t, err)
	r, w, err := os.Pipe()
	require.NoError(t, err)
	require.NoError(t, unix.Dup3(int(w.Fd()), b.fd, unix.O_CLOEXEC))
	require.NoError(t, r.Close())
	require.NoError(t, w.Close())
}

// gone requires that the loop was closed, and closes the epoll, which hurt has saved.
func (b *breakable) gone(t *testing.T) {
	require.ErrorIs(t, b.loop.Run(), reactor.ErrClosed)
	require.NoError(t, unix.Close(b.saved))
}

func TestALoopWhosePollFailsIsAnError(t *testing.T) {
	for _, c := range []struct {
		name string
		call func(file string, args []string) error
	}{
		{"SpawnSync", func(file string, args []string) error { return childprocess.SpawnSync(file, args, nil).Err }},
		{"Output", func(file string, args []string) error {
			_, err := childprocess.Output(t.Context(), file, args...)
			return err
		}},
		{"OutputWith and Input", func(file string, args []string) error {
			in, w := io.Pipe() // A Read of it never returns.
			_, err := childprocess.OutputWith(t.Context(), &childprocess.RunOptions{Input: in}, file, args...)
			require.NoError(t, w.Close())
			return err
		}},
		{"Lines", func(file string, args []string) (last error) {
			for _, err := range childprocess.Lines(t.Context(), file, args...) {
				last = err
			}
			return last
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			noNewFDs(t)
			b := newBreakable(t)
			dir := t.TempDir()
			ready, goOn := dir+"/ready", dir+"/go-on"
			require.NoError(t, unix.Mkfifo(ready, 0o600))
			require.NoError(t, unix.Mkfifo(goOn, 0o600))
			file, args := helperproc.Command("tell-and-wait", ready, goOn)
			failed := make(chan error)
			go func() { failed <- c.call(file, args) }()
			_, err := os.ReadFile(ready)
			require.NoError(t, err)
			b.awaitChild(t)
			b.hurt(t)
			require.NoError(t, os.WriteFile(goOn, nil, 0))
			var poll *reactor.OpError
			require.ErrorAs(t, <-failed, &poll)
			require.Equal(t, unix.EINVAL, poll.Err)
			b.gone(t)
			// The next call has another loop. The leak check sees that the child has exited.
			require.NoError(t, childprocess.SpawnSync("true", nil, nil).Err)
			require.NoError(t, childprocess.Run(t.Context(), "true"))
		})
	}
}
